/** Owns the proof of requests over TLS, as kubeconfigs configure it, against certificates made for the purpose. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Connection } from '../../src/kubernetes/connection.js';
import { ManualClock } from '../../src/system/clock.js';
import { Authority, hasOpenssl, type Pair } from './certificates.js';
import { ScriptedServer, type Exchange } from './scripted-server.js';

describe.skipIf(!hasOpenssl())('a connection over TLS (needs openssl)', () => {
  let authority: Authority;
  let admin: Pair;
  let server: ScriptedServer;
  let directory: string;
  let connection: Connection | undefined;

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'ecstate-kube-'));
    authority = new Authority();
    admin = authority.issue('admin');
    const { cert, key } = authority.issue('server', 'DNS:kube.test,IP:127.0.0.1');
    server = await ScriptedServer.start({
      cert,
      key,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: false,
    });
  });
  afterEach(() => connection?.close());
  afterAll(async () => {
    await server.close();
    authority.remove();
    rmSync(directory, { recursive: true });
  });

  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  /** Connects by a kubeconfig with these fields; JSON is YAML too. */
  async function connectWith(cluster: object, user: object, address = server.url.href): Promise<Connection> {
    const kubeconfig = path.join(directory, 'config');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        'current-context': 'test',
        clusters: [{ name: 'c', cluster: { server: address, ...cluster } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
      }),
    );
    connection = await connect({ kubeconfig, clock: new ManualClock() });
    return connection;
  }

  /** Asks for the version, and says as whom the server saw it. */
  async function seenAs(client: Connection): Promise<string | undefined> {
    const answer = client.json('GET', '/version');
    const exchange = await server.next();
    exchange.json({});
    await answer;
    return peerOf(exchange);
  }

  function peerOf({ request }: Exchange): string | undefined {
    // The server speaks TLS only.
    const socket = request.socket as TLSSocket;
    return socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined;
  }

  it('trusts the authority of the kubeconfig, and shows its certificate', async () => {
    const client = await connectWith(
      { 'certificate-authority-data': base64(authority.cert) },
      { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) },
    );
    expect(await seenAs(client)).toBe('admin');
  });

  it('makes one connection for many requests', async () => {
    const client = await connectWith({ 'certificate-authority-data': base64(authority.cert) }, { token: 't' });
    const before = server.connections;
    for (let count = 0; count < 20; count += 1) await seenAs(client);
    expect(server.connections - before).toBe(1);
  });

  it('trusts nobody else', async () => {
    const client = await connectWith({}, { token: 't' });
    await expect(client.json('GET', '/version')).rejects.toMatchObject({
      code: 'KUBERNETES_UNAVAILABLE',
      message: expect.stringContaining(
        `The certificate of ${server.url.origin} is not signed by an authority that is trusted`,
      ),
    });
  });

  it('trusts anybody when told to', async () => {
    expect(await seenAs(await connectWith({ 'insecure-skip-tls-verify': true }, { token: 't' }))).toBeUndefined();
  });

  it('trusts the authority although nobody asks who it is', async () => {
    expect(
      await seenAs(await connectWith({ 'certificate-authority-data': base64(authority.cert) }, {})),
    ).toBeUndefined();
  });

  it('checks the name that tls-server-name gives', async () => {
    const cluster = { 'certificate-authority-data': base64(authority.cert) };
    const byName = await connectWith({ ...cluster, 'tls-server-name': 'kube.test' }, { token: 't' });
    expect(await seenAs(byName)).toBeUndefined();
    byName.close();
    const byOther = await connectWith({ ...cluster, 'tls-server-name': 'other.test' }, { token: 't' });
    await expect(byOther.json('GET', '/version')).rejects.toThrow('is for another name');
  });

  it('follows a certificate that is renewed in its files, on a new connection, and leaves a watch where it is', async () => {
    const files = { cert: path.join(directory, 'me.crt'), key: path.join(directory, 'me.key') };
    const write = ({ cert, key }: Pair): void => {
      writeFileSync(files.cert, cert);
      writeFileSync(files.key, key);
    };
    write(admin);
    writeFileSync(path.join(directory, 'ca.crt'), authority.cert);
    // Relative paths are relative to the kubeconfig.
    const client = await connectWith(
      { 'certificate-authority': 'ca.crt' },
      { 'client-certificate': 'me.crt', 'client-key': 'me.key' },
    );
    const opening = client.request('GET', '/api/v1/pods', { query: { watch: true } });
    const watch = (await server.next()).open();
    const { body } = await opening;
    write(authority.issue('renewed'));
    expect(await seenAs(client)).toBe('renewed');
    watch.write('still here\n');
    for await (const chunk of body) {
      expect(String(chunk)).toBe('still here\n');
      break;
    }
    expect(peerOf(watch)).toBe('admin');
  });

  it('says so when the server speaks no TLS', async () => {
    const plain = await ScriptedServer.start();
    const client = await connectWith({}, { token: 't' }, plain.url.href.replace('http:', 'https:'));
    await expect(client.json('GET', '/version')).rejects.toThrow('does not speak TLS as it should');
    await plain.close();
  });
});
