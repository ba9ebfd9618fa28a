/**
 * Owns the one hash that ids and fingerprints are made of: the same words, the same bytes, in every process and version.
 */
import { createHash } from 'node:crypto';

export const sha256 = (value: string): Buffer => createHash('sha256').update(value).digest();
