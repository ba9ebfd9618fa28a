/**
 * Owns what a store says of itself, whether this version of ecstate may use it, and how an older one becomes a current one.
 */
import { ConfigurationError, FatalError } from '../errors.js';
import type { Row, Write } from '../system/store.port.js';
import { foreign } from './file-check.js';

/** The version of the tables, their keys and what is around them. It rises with every change that an older ecstate could not read. */
export const SCHEMA_VERSION = 1;

const NAME = 'ecstate';

/** What a store says of itself. Every future version keeps these fields, so that every version can tell what it has before it. */
export interface StoreRecord {
  readonly name: typeof NAME;
  readonly schema: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** The version of ecstate that opened it last. */
  readonly writer: string;
}

/** One step to the next schema, done in one transaction together with the new version: all of it, or nothing. */
export interface Migration {
  /** The schema that it starts from; it leads to the next. */
  readonly from: number;
  /**
   * @param read the rows of a table as they were before this step.
   * @param write changes a row of a table, one that the store has or one of the port.
   */
  migrate(
    read: (table: string) => Iterable<Row>,
    write: (write: Omit<Write, 'table'> & { readonly table: string }) => void,
  ): void;
}

/** Every step there is, one for each schema before {@link SCHEMA_VERSION}. */
export const MIGRATIONS: readonly Migration[] = [];

export const newRecord = (schema: number, now: number, writer: string): StoreRecord => ({
  name: NAME,
  schema,
  createdAt: now,
  writer,
});

/**
 * The record of a store of this schema or an older one.
 *
 * @param text the record as it stands in the file; undefined when there is none.
 * @throws ConfigurationError STORE_FOREIGN when it is not one, STORE_NEWER when the store is of a later schema.
 */
export function readRecord(path: string, text: string | undefined, schema: number): StoreRecord {
  const record = parseRecord(text);
  if (record === undefined) throw foreign(path, 'holds an LMDB database of another program');
  if (record.schema > schema) {
    throw new ConfigurationError(
      'STORE_NEWER',
      `The store ${path} has schema ${record.schema}, written by ecstate ${record.writer}; this ecstate knows schemas up to ${schema}. ` +
        `Nothing was changed. Run ecstate ${record.writer} or later, or give this one another directory.`,
    );
  }
  return record;
}

function parseRecord(text: string | undefined): StoreRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  // Each field is checked before it is believed.
  const { name, schema, createdAt, writer } = value as Partial<Record<keyof StoreRecord, unknown>>;
  if (name !== NAME || typeof schema !== 'number' || !Number.isInteger(schema) || schema < 1) return undefined;
  if (typeof createdAt !== 'number' || typeof writer !== 'string') return undefined;
  return { name, schema, createdAt, writer };
}

/** The steps that lead from one schema to another, in order. */
export function stepsBetween(from: number, to: number, migrations: readonly Migration[]): Migration[] {
  const steps: Migration[] = [];
  for (let schema = from; schema < to; schema += 1) {
    const step = migrations.find((migration) => migration.from === schema);
    if (step === undefined) {
      throw new FatalError(
        'STORE_FAILED',
        `This ecstate cannot bring a store from schema ${schema} to ${schema + 1}; start it once with an older version.`,
      );
    }
    steps.push(step);
  }
  return steps;
}
