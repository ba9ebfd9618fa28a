/**
 * Owns the check that an answer has the form of the ECS API's model: the official SDK's schemas say which members an operation's output has
 * and of which type, its type declarations which of them are enumerations.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as sdk from '@aws-sdk/client-ecs';

/*
 * A schema of the SDK (smithy's TypeSchema), as far as the ECS API uses them: a number is a simple type (or, with a bit for list or map,
 * a collection of one); an array is a shape, [kind, namespace, name, traits, …]; a function returns a schema; [schema, traits] is a member.
 */
const SIMPLE = { string: 0, number: 1, boolean: 2, timestamp: 4, document: 15 } as const;
const COLLECTION = { list: 64, map: 128 } as const;
const SHAPE = { simple: 0, list: 1, map: 2, structure: 3, union: 4, operation: 9 } as const;

/** The operations of the model: name → schema. */
const operations = new Map(
  Object.values(sdk)
    .filter((value): value is typeof value & readonly unknown[] => Array.isArray(value) && value[0] === SHAPE.operation)
    .map((schema) => [String(schema[2]), schema]),
);

/** Every operation that the SDK has, in alphabetical order. */
export const modelOperations = (): readonly string[] => [...operations.keys()].toSorted();

/** `<structure>.<member>` → the values that the enumeration of that member has. */
const enumerations = readEnumerations();

function readEnumerations(): ReadonlyMap<string, ReadonlySet<unknown>> {
  const found = new Map<string, ReadonlySet<unknown>>();
  const types = join(dirname(createRequire(import.meta.url).resolve('@aws-sdk/client-ecs')), '../dist-types/models');
  const exported: Readonly<Record<string, unknown>> = sdk;
  for (const file of readdirSync(types).filter((name) => name.startsWith('models_'))) {
    for (const [, structure, body = ''] of readFileSync(join(types, file), 'utf8').matchAll(
      /^export interface (\w+) \{\n(.*?)^\}/gms,
    )) {
      for (const [, member, type = ''] of body.matchAll(/^ {4}(\w+)\??: (\w+)(?: \| undefined)?;$/gm)) {
        const values = exported[type];
        if (typeof values === 'object' && values !== null)
          found.set(`${structure}.${member}`, new Set(Object.values(values)));
      }
    }
  }
  return found;
}

/**
 * What is wrong with this JSON as the output of that operation; empty when nothing is. Each problem names the member by its path.
 *
 * @throws when the model has no such operation
 */
export function problemsOf(operation: string, json: unknown): readonly string[] {
  const schema = operations.get(operation);
  if (schema === undefined) throw new Error(`The model has no operation ${operation}.`);
  const problems: string[] = [];
  check(schema[5], json, operation, problems);
  return problems;
}

function expectType(type: string, value: unknown, path: string, problems: string[]): void {
  if (typeof value !== type) problems.push(`${path}: not a ${type} but ${JSON.stringify(value)}`);
}

function check(schema: unknown, value: unknown, path: string, problems: string[]): void {
  if (typeof schema === 'function') return check(schema(), value, path, problems);
  if (typeof schema === 'number') return checkSimple(schema, value, path, problems);
  if (!Array.isArray(schema)) throw new Error(`${path}: a schema of an unknown form, ${String(schema)}`);
  const [kind, namespace, name, , members, types] = schema as unknown[];
  if (typeof namespace !== 'string') return check(kind, value, path, problems);
  switch (kind) {
    case SHAPE.simple:
      return checkSimple(members, value, path, problems);
    case SHAPE.list:
      return checkList(members, value, path, problems);
    case SHAPE.map:
      return checkMap(types, value, path, problems);
    case SHAPE.structure:
    case SHAPE.union:
      return checkStructure(
        String(name),
        members as readonly string[],
        types as readonly unknown[],
        value,
        path,
        problems,
      );
    default:
      throw new Error(`${path}: a shape of an unknown kind, ${String(kind)}`);
  }
}

function checkSimple(type: unknown, value: unknown, path: string, problems: string[]): void {
  if (typeof type !== 'number') throw new Error(`${path}: a simple type of an unknown form, ${String(type)}`);
  if (type >= COLLECTION.map) return checkMap(type - COLLECTION.map, value, path, problems);
  if (type >= COLLECTION.list) return checkList(type - COLLECTION.list, value, path, problems);
  if (type === SIMPLE.string) return expectType('string', value, path, problems);
  if (type === SIMPLE.boolean) return expectType('boolean', value, path, problems);
  // Timestamps of the JSON protocol are epoch seconds.
  if (type === SIMPLE.number || type === SIMPLE.timestamp) return expectType('number', value, path, problems);
  if (type !== SIMPLE.document) throw new Error(`${path}: a simple type of an unknown kind, ${type}`);
}

function checkList(item: unknown, value: unknown, path: string, problems: string[]): void {
  if (!Array.isArray(value)) return void problems.push(`${path}: not a list`);
  for (const [index, each] of value.entries()) check(item, each, `${path}[${index}]`, problems);
}

function checkMap(item: unknown, value: unknown, path: string, problems: string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return void problems.push(`${path}: not a map`);
  for (const [key, each] of Object.entries(value)) check(item, each, `${path}[${key}]`, problems);
}

function checkStructure(
  name: string,
  members: readonly string[],
  types: readonly unknown[],
  value: unknown,
  path: string,
  problems: string[],
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return void problems.push(`${path}: not an object`);
  for (const [key, each] of Object.entries(value)) {
    const index = members.indexOf(key);
    if (index === -1) {
      problems.push(`${path}.${key}: no member of ${name}`);
      continue;
    }
    check(types[index], each, `${path}.${key}`, problems);
    const allowed = enumerations.get(`${name}.${key}`);
    if (allowed !== undefined && !allowed.has(each))
      problems.push(`${path}.${key}: no value of its enumeration but ${JSON.stringify(each)}`);
  }
}
