/**
 * Owns certificates for tests, made anew by openssl each time: an authority, a server, and people. Node can read certificates but not
 * make them, and committed ones would expire.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The program; OPENSSL names another. */
const OPENSSL = process.env['OPENSSL'] ?? 'openssl';

/** Whether this machine has openssl; tests that need it are skipped where it is missing. */
export function hasOpenssl(): boolean {
  try {
    execFileSync(OPENSSL, ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'ecstate-tls-'));
  readonly cert: string;
  #serial = 0;

  constructor() {
    const { cert } = this.#files('ca');
    this.#openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      this.#files('ca').key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=test authority',
    );
    this.cert = readFileSync(cert, 'utf8');
  }

  /** A certificate with this common name, for these subject alternative names (`DNS:…`, `IP:…`). */
  issue(commonName: string, names?: string): Pair {
    const name = `${commonName}-${(this.#serial += 1)}`;
    const { cert, key } = this.#files(name);
    const request = path.join(this.directory, `${name}.csr`);
    const extensions = path.join(this.directory, `${name}.ext`);
    writeFileSync(extensions, names === undefined ? '' : `subjectAltName=${names}\n`);
    this.#openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${commonName}`);
    const authority = this.#files('ca');
    const signed = ['-CA', authority.cert, '-CAkey', authority.key, '-set_serial', String(this.#serial + 1)];
    this.#openssl('x509', '-req', '-in', request, ...signed, '-days', '2', '-extfile', extensions, '-out', cert);
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }

  #files(name: string): Pair {
    return { cert: path.join(this.directory, `${name}.crt`), key: path.join(this.directory, `${name}.key`) };
  }

  #openssl(...args: string[]): void {
    execFileSync(OPENSSL, args, { stdio: 'ignore' });
  }
}

/** Elliptic curves: an RSA key takes a second to find. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
