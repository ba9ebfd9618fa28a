/**
 * Owns the check of a commit before any of it is written: a write that cannot be stored must fail the whole commit, and not half of it.
 */
import { FatalError } from '../errors.js';
import { TABLES, type Table, type Write } from '../system/store.port.js';
import { encodeKey, unusable } from './key.js';

/** A write whose key and value are known to be storable. */
export interface EncodedWrite {
  readonly table: Table;
  readonly key: Buffer;
  readonly value: string | undefined;
}

/**
 * All writes of a commit, in their order.
 *
 * @throws FatalError (STORE_FAILED) for an unknown table, a value that is not a string, and what {@link encodeKey} refuses.
 */
export function encodeWrites(writes: readonly Write[]): EncodedWrite[] {
  return writes.map(({ table, key, value }) => {
    if (!TABLES.includes(table)) throw unknownTable(table);
    if (value !== undefined && typeof value !== 'string') throw unusable(`a ${typeof value} as a value`);
    return { table, key: encodeKey(key), value };
  });
}

export const unknownTable = (table: string): FatalError =>
  new FatalError('STORE_FAILED', `The store has no table "${table}".`);

/** What every call gets once the store was closed. */
export const storeClosed = (): FatalError =>
  new FatalError('STORE_FAILED', 'The store is closed: it was used after, or while, the process shut down.');
