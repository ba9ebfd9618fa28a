/**
 * Owns the look at the store's file before LMDB opens it. LMDB maps the file and believes it: what it is not, or no longer is, would end the
 * process with a signal, or be written over. So the file is read here first, and nothing is ever changed.
 *
 * Checked: both meta pages; that every page which a tree reaches is in the file, carries its own number, a sound header and no later transaction than
 * the last one, and belongs to one tree once; that every node, key and value lies inside its page (or its overflow pages); that keys ascend, within a
 * page and from page to page; that depth and counts are those that the file states; that lists of free pages name pages of the file, and none in use.
 * Not checked: the bytes of values, and of keys as far as their order allows (LMDB keeps no checksums): what is wrong there shows when it is read
 * (a key as STORE_CORRUPT). Nor can it be seen that the latest commits are missing, when an older copy of the whole file stands in its place.
 *
 * It takes about two seconds for a gigabyte that is in memory, and reads the file in its own order where it is not.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { ConfigurationError, FatalError } from '../errors.js';
import { Damage, PageReader } from './page-reader.js';
import { DATA_VERSION, FREE_TREE_FLAGS, META_BYTES, readMeta, type Meta } from './page-format.js';
import { checkFreeLists, walkTables } from './tree-walk.js';

/** What a file turned out to be: nothing yet (absent, or made and never written to), or tables. */
export type FileState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'tables'; readonly names: readonly string[]; readonly record: string | undefined };

/** The table, and the key in it, under which a store says whose it is. Read here from the file, so that a foreign one is never opened. */
export const RECORD_TABLE = 'meta';
export const RECORD_KEY = 'store';

const PAGE_SIZES = [256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
/** How many pages at its end a file may lack: those that its last transaction took and gave back. LMDB maps them, so there must be a bound. */
const MISSING_PAGES_LIMIT = 2 ** 20;

/**
 * Reads the store's file through, and says what it is.
 *
 * @throws ConfigurationError (STORE_FOREIGN) for a file that is not LMDB's, or of another version of it.
 * @throws FatalError (STORE_CORRUPT) for one that is damaged.
 */
export async function checkFile(path: string): Promise<FileState> {
  let file: FileHandle;
  try {
    // For writing, too, although nothing is written: LMDB, which will, crashes where it may not.
    file = await open(path, 'r+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'empty' };
    throw error;
  }
  try {
    const { size } = await file.stat();
    return size === 0 ? { kind: 'empty' } : await checkPages(file, path, size);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new FatalError(
      'STORE_CORRUPT',
      `The store's file ${path} is damaged: ${error.message}. Nothing was changed. Restore a backup of it; or move it away and start again: ` +
        'ecstate then rebuilds what the cluster still knows, but the history, and why tasks stopped, are lost.',
    );
  } finally {
    await file.close();
  }
}

async function checkPages(file: FileHandle, path: string, size: number): Promise<FileState> {
  const meta = await checkMetas(file, path, size);
  const reader = new PageReader(file, size, meta.pageSize, meta.transaction);
  const { names, rows } = await walkTables(reader, meta.main, RECORD_TABLE);
  await checkFreeLists(reader, meta.free, meta.lastPage);
  // A process that died while it made the store leaves no table at all, or only the one for the record, without it.
  if (names.every((name) => name === RECORD_TABLE) && rows.size === 0) return { kind: 'empty' };
  return { kind: 'tables', names, record: rows.get(RECORD_KEY) };
}

/** Checks both meta pages; returns the one that LMDB will take, the later. */
async function checkMetas(file: FileHandle, path: string, size: number): Promise<Meta> {
  const at = async (position: number): Promise<Meta | undefined> => {
    const bytes = Buffer.alloc(META_BYTES);
    const { bytesRead } = await file.read(bytes, 0, META_BYTES, position);
    return readMeta(bytes.subarray(0, bytesRead));
  };
  const first = await at(0);
  if (first === undefined) {
    for (const position of PAGE_SIZES) {
      if ((await at(position)) !== undefined)
        throw new Damage('its first page is not the beginning of an LMDB file, but a later one is');
    }
    throw foreign(path, 'is not an LMDB file');
  }
  if (first.version !== DATA_VERSION)
    throw foreign(path, `has version ${first.version} of LMDB's format, not ${DATA_VERSION}`);
  if (!PAGE_SIZES.includes(first.pageSize)) throw new Damage(`it states a page size of ${first.pageSize} bytes`);
  const second = await at(first.pageSize);
  if (second === undefined || second.version !== first.version || second.pageSize !== first.pageSize) {
    throw new Damage(
      size < 2 * first.pageSize ? `it ends after ${size} bytes` : 'its second page is not a meta page like its first',
    );
  }
  const meta = first.transaction >= second.transaction ? first : second;
  const other = meta === first ? second : first;
  // LMDB writes transaction N to page N mod 2, and looks for it there; a new or a compacted file has one page that was never written to.
  const follows = other.transaction === meta.transaction - 1 || other.transaction === 0;
  if (meta !== (meta.transaction % 2 === 0 ? first : second) || !follows)
    throw new Damage('its meta pages contradict each other');
  // Of both: LMDB takes the settings of a file from the first.
  if ([first, second].some(({ free, main }) => free.flags !== FREE_TREE_FLAGS || main.flags !== 0)) {
    throw new Damage('its meta pages have unknown flags');
  }
  const pages = Math.floor(size / meta.pageSize);
  if (meta.lastPage < 1 || meta.lastPage >= pages + MISSING_PAGES_LIMIT) {
    throw new Damage(`it states ${meta.lastPage + 1} pages and has ${pages}`);
  }
  return meta;
}

/** A file that belongs to somebody else. */
export function foreign(path: string, why: string): ConfigurationError {
  return new ConfigurationError(
    'STORE_FOREIGN',
    `${path} ${why}, so it is not ecstate's, or its beginning was overwritten. Nothing was changed. Give ecstate a directory of its own.`,
  );
}
