/**
 * Owns the version of this ecstate: that of its package.
 */
import { createRequire } from 'node:module';

/** package.json stands two directories above the built file and one above the source. */
function readVersion(): string {
  const require = createRequire(import.meta.url);
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = require(path) as { readonly name?: unknown; readonly version?: unknown }; // whatever JSON it holds
      if (name === 'ecstate' && typeof version === 'string') return version;
    } catch {
      continue;
    }
  }
  return '0.0.0';
}

export const VERSION: string = readVersion();
