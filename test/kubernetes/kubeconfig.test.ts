/** Owns the proof of where a cluster is looked for, who to be there, and what is said when a kubeconfig is no good. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { connect as connectSocket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from '../../src/kubernetes/connection.js';
import { findCluster, type ClusterAccess, type KubeconfigOptions } from '../../src/kubernetes/kubeconfig.js';
import { ManualClock } from '../../src/system/clock.js';
import { Authority, hasOpenssl } from './certificates.js';
import { ScriptedServer } from './scripted-server.js';

let directory: string;
const clock = new ManualClock();

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'ecstate-kubeconfig-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const at = (name: string): string => path.join(directory, name);
function write(name: string, content: string | object): string {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
  return at(name);
}

/** A kubeconfig with one context of this name, at a server of this name, for a user with this token. */
const simple = (name: string, current: string | undefined = name): object => ({
  'current-context': current,
  clusters: [{ name: `${name}-cluster`, cluster: { server: `http://${name}.test` } }],
  users: [{ name: `${name}-user`, user: { token: `${name}-token` } }],
  contexts: [{ name, context: { cluster: `${name}-cluster`, user: `${name}-user`, namespace: `${name}-namespace` } }],
});

/** Looks in an environment in which nothing is by itself. */
const find = (options: Partial<KubeconfigOptions> = {}): Promise<ClusterAccess> =>
  findCluster({ clock, env: { HOME: directory }, serviceAccountDirectory: at('pod'), ...options });

describe('where a cluster is looked for', () => {
  it('is the file that is named, before all others', async () => {
    write('.kube/config', simple('home'));
    const env = { HOME: directory, KUBECONFIG: write('env', simple('env')) };
    const found = await find({ kubeconfig: write('named', simple('named')), env });
    expect([found.server.href, found.source, found.namespace]).toEqual([
      'http://named.test/',
      `the context "named" of ${at('named')}`,
      'named-namespace',
    ]);
  });

  it('is KUBECONFIG before the home directory', async () => {
    write('.kube/config', simple('home'));
    const found = await find({ env: { HOME: directory, KUBECONFIG: write('env', simple('env')) } });
    expect(found.server.href).toBe('http://env.test/');
  });

  it('is the home directory before the pod', async () => {
    write('pod/token', 't');
    write('.kube/config', simple('home'));
    const found = await find({ env: { HOME: directory, KUBERNETES_SERVICE_HOST: '10.0.0.1' } });
    expect(found.server.href).toBe('http://home.test/');
  });

  it('may be several files, of which the first to name something has it, and those that do not exist are left out', async () => {
    const one = write('one', { ...simple('one', ''), users: [{ name: 'two-user', user: { token: 'first' } }] });
    const two = write('two', simple('two'));
    const env = { HOME: directory, KUBECONFIG: [one, at('missing'), two].join(path.delimiter) };
    const found = await find({ env });
    expect(found.server.href).toBe('http://two.test/');
    expect((await found.authentication.credentials()).headers).toEqual({ authorization: 'Bearer first' });
    await expect(find({ env, context: 'one' })).rejects.toThrow('the context\'s user "one-user" is not in users.');
  });

  it('is the context that is asked for', async () => {
    const both = write('both', {
      ...simple('one'),
      clusters: [
        { name: 'one-cluster', cluster: { server: 'http://one.test' } },
        { name: 'other-cluster', cluster: { server: 'https://other.test:6443/below' } },
      ],
      contexts: [
        { name: 'one', context: { cluster: 'one-cluster', user: 'one-user' } },
        { name: 'other', context: { cluster: 'other-cluster', user: 'one-user' } },
      ],
    });
    expect((await find({ kubeconfig: both, context: 'other' })).server.href).toBe('https://other.test:6443/below');
  });

  it('is the pod that this runs in', async () => {
    write('pod/token', 'pod-token');
    write('pod/namespace', 'kecs-system\n');
    const env = { HOME: directory, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '8443' };
    // The pod's authority is checked; a missing one is said like that of any file.
    await expect(find({ env })).rejects.toThrow(`cluster.certificate-authority cannot be read (ENOENT`);
  });

  it.each([
    ['nothing is there', {}],
    ['the default file is empty', { '.kube/config': '' }],
    ['the default file has no context', { '.kube/config': '{"apiVersion": "v1", "clusters": null}' }],
    ['a pod has no token', { 'pod/namespace': 'x' }],
  ])('is nowhere when %s', async (_, files) => {
    for (const [name, content] of Object.entries(files)) write(name, content);
    await expect(find({ env: { HOME: directory, KUBERNETES_SERVICE_HOST: '10.0.0.1' } })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'KUBECONFIG_MISSING',
      message: `No Kubernetes cluster was named, and none was found: KUBECONFIG is not set, ${at('.kube/config')} does not exist or has no context, and there is no service account of a pod here. Name one with --kubeconfig or KUBECONFIG, or try ecstate without any: ecstate demo.`,
    });
  });

  it('is nowhere when KUBECONFIG names nothing', async () => {
    await expect(find({ env: { HOME: directory, KUBECONFIG: at('missing') } })).rejects.toMatchObject({
      code: 'KUBECONFIG_MISSING',
      message: expect.stringContaining(`KUBECONFIG (${at('missing')}) names no file that has a context`),
    });
  });

  it('is not the pod when a context was asked for', async () => {
    write('pod/token', 't');
    await expect(
      find({ context: 'prod', env: { HOME: directory, KUBERNETES_SERVICE_HOST: 'h' } }),
    ).rejects.toMatchObject({
      code: 'KUBECONFIG_MISSING',
    });
  });
});

describe('a kubeconfig that cannot be used', () => {
  const base = { clusters: [{ name: 'c', cluster: { server: 'https://c.test' } }], users: [{ name: 'u', user: {} }] };
  const context = (fields: object): object => ({ 'current-context': 'x', contexts: [{ name: 'x', context: fields }] });
  const used = context({ cluster: 'c', user: 'u' });
  const cluster = (fields: object): object => ({ ...base, ...used, clusters: [{ name: 'c', cluster: fields }] });
  const user = (fields: object): object => ({ ...base, ...used, users: [{ name: 'u', user: fields }] });

  it.each([
    [
      'is not YAML',
      'a: [',
      ' cannot be used: it is not YAML (unexpected end of the stream within a flow collection (2:1)).',
    ],
    ['is a text', 'hello', ' cannot be used: it does not hold an object with clusters, users and contexts.'],
    ['has no list', { clusters: 3 }, ' cannot be used: clusters is not a list.'],
    ['has a nameless entry', { users: [{ user: {} }] }, ' cannot be used: users[0].name is missing.'],
    [
      'has an odd entry',
      { contexts: [{ name: 'x', context: 3 }] },
      ' cannot be used: contexts[0].context is not an object.',
    ],
    [
      'has no context',
      base,
      ' cannot be used: it sets no current-context. Choose a context with --context (it has none).',
    ],
    [
      'has no current one',
      { ...base, ...used, 'current-context': '' },
      ': it sets no current-context. Choose a context with --context (it has x).',
    ],
    [
      'has a current one that is missing',
      { ...base, ...used, 'current-context': 'y' },
      ': there is no context "y" (it has x). Choose one with --context.',
    ],
    ['names no cluster', { ...base, ...context({}) }, ' (context "x") cannot be used: the context names no cluster.'],
    [
      'lacks the cluster',
      { ...base, ...context({ cluster: 'd' }) },
      ` (context "x") cannot be used: the context's cluster "d" is not in clusters.`,
    ],
    [
      'lacks the user',
      { ...base, ...context({ cluster: 'c', user: 'v' }) },
      ` (context "x") cannot be used: the context's user "v" is not in users.`,
    ],
    ['lacks the server', cluster({}), ' (context "x") cannot be used: clusters "c": cluster.server is missing.'],
    [
      'has an odd server',
      cluster({ server: 'kube:6443' }),
      ': clusters "c": cluster.server "kube:6443" is not an http or https address.',
    ],
    [
      'has a broken authority',
      cluster({ server: 'https://c', 'certificate-authority-data': 'eHg=' }),
      ': clusters "c": cluster.certificate-authority-data is not a certificate in PEM (',
    ],
    [
      'lacks a file',
      user({ 'client-certificate': 'no.crt', 'client-key': 'no.key' }),
      ': users "u": user.client-certificate cannot be read (ENOENT',
    ],
    ['lacks the command', user({ exec: { args: [] } }), ': users "u": user.exec.command is missing.'],
    [
      'has odd arguments',
      user({ exec: { command: 'aws', args: 'eks' } }),
      ': users "u": user.exec.args is not a list of strings.',
    ],
    [
      'has an odd environment',
      user({ exec: { command: 'aws', env: [{ value: 'x' }] } }),
      ': users "u": user.exec.env[0].name is missing.',
    ],
  ])('because it %s, is said with file and field', async (_, content, message) => {
    const kubeconfig = write('config', content);
    await expect(find({ kubeconfig })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'KUBECONFIG_INVALID',
      message: expect.stringContaining(`The kubeconfig ${kubeconfig}`),
    });
    await expect(find({ kubeconfig })).rejects.toThrow(message);
  });

  it('because it is not there, is said with its path', async () => {
    await expect(find({ kubeconfig: at('missing') })).rejects.toThrow(
      `The kubeconfig ${at('missing')} cannot be used: it cannot be read (ENOENT: no such file or directory, open '${at('missing')}'). Check the path and its permissions.`,
    );
  });

  it.skipIf(!hasOpenssl())(
    'because a key is not that of its certificate, is said with both (needs openssl)',
    async () => {
      const authority = new Authority();
      const [one, two] = [authority.issue('one'), authority.issue('two')];
      authority.remove();
      const data = (text: string): string => Buffer.from(text).toString('base64');
      const kubeconfig = write(
        'config',
        user({ 'client-certificate-data': data(one.cert), 'client-key-data': data(two.key) }),
      );
      await expect(find({ kubeconfig })).rejects.toThrow(
        'users "u": user.client-key-data is not the key of users "u": user.client-certificate-data.',
      );
      const half = write('half', user({ 'client-certificate-data': data(one.cert) }));
      await expect(find({ kubeconfig: half })).rejects.toThrow(
        'users "u" has only one of user.client-certificate and user.client-key',
      );
      const noKey = write('no-key', user({ 'client-certificate-data': data(one.cert), 'client-key-data': data('x') }));
      await expect(find({ kubeconfig: noKey })).rejects.toThrow(
        'users "u": user.client-key-data is not a private key in PEM',
      );
    },
  );

  it('in an entry that is not used, is no matter', async () => {
    const content = {
      ...base,
      ...used,
      clusters: [...base.clusters, { name: 'odd', cluster: {} }],
      users: [...base.users, { name: 'odd', user: { exec: 5 } }],
    };
    expect((await find({ kubeconfig: write('config', content) })).server.href).toBe('https://c.test/');
  });
});

describe('who to be', () => {
  let server: ScriptedServer;
  let connection: Connection | undefined;
  beforeEach(async () => {
    server = await ScriptedServer.start();
  });
  afterEach(async () => {
    connection?.close();
    await server.close();
  });

  const config = (user: object, cluster: object = {}): object => ({
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server: server.url.origin, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  });

  async function open(user: object, cluster?: object): Promise<Connection> {
    connection = new Connection({
      ...(await find({ kubeconfig: write('kube/config', config(user, cluster)) })),
      clock,
    });
    return connection;
  }

  /** Asks once, answering each of the statuses in turn; gives back the Authorization that each try had. */
  async function tries(client: Connection, ...statuses: number[]): Promise<(string | undefined)[]> {
    const answer = client.json('GET', '/version').catch((error: unknown) => error);
    const seen: (string | undefined)[] = [];
    for (const status of statuses) {
      const exchange = await server.next();
      seen.push(exchange.request.headers.authorization);
      exchange.json({}, status);
    }
    const result = await answer;
    if (result instanceof Error && statuses.at(-1) === 200) throw result;
    return seen;
  }

  it.each([
    ['nobody', {}, undefined],
    ['a token', { token: 'secret\n' }, 'Bearer secret'],
    [
      'a user name and a password',
      { username: 'me', password: 'pä:ss' },
      `Basic ${Buffer.from('me:pä:ss').toString('base64')}`,
    ],
  ])('is %s', async (_, user, authorization) => {
    expect(await tries(await open(user), 200)).toEqual([authorization]);
  });

  it('may be somebody else', async () => {
    const client = await open({ token: 't', as: 'robot' });
    const answer = client.json('GET', '/version');
    const exchange = await server.next();
    expect(exchange.request.headers['impersonate-user']).toBe('robot');
    exchange.json({});
    await answer;
  });

  it('follows a token file, before a token, without its newline', async () => {
    write('kube/token', 'one\n');
    const client = await open({ token: 'written down', tokenFile: 'token' });
    expect(await tries(client, 200)).toEqual(['Bearer one']);
    write('kube/token', 'two\n');
    expect(await tries(client, 200)).toEqual(['Bearer two']);
    rmSync(at('kube/token'));
    await expect(client.json('GET', '/version')).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'KUBERNETES_UNAUTHORIZED',
      message: expect.stringContaining(`The token file ${at('kube/token')} cannot be read`),
    });
  });

  it('is not known for as long as a certificate is not there, as while it is replaced', async () => {
    const client = await open({
      'client-certificate': write('kube/me.crt', 'x'),
      'client-key': write('kube/me.key', 'x'),
    });
    expect(await tries(client, 200)).toEqual([undefined]);
    rmSync(at('kube/me.crt'));
    await expect(client.json('GET', '/version')).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'KUBERNETES_UNAUTHORIZED',
      message: expect.stringMatching(
        /^What belongs to the client certificate of the user "u" in .* cannot be had \(Error: ENOENT/,
      ),
    });
    write('kube/me.crt', 'x');
    expect(await tries(client, 200)).toEqual([undefined]);
  });

  it('follows the token of the pod', async () => {
    write('pod/token', 'one');
    // An authority that Node trusts anyway would do; here any certificate does, since nothing is asked over TLS.
    if (!hasOpenssl()) return;
    const authority = new Authority();
    write('pod/ca.crt', authority.cert);
    authority.remove();
    const found = await find({
      env: { HOME: directory, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '8443' },
    });
    expect([found.server.href, found.source, found.namespace]).toEqual([
      'https://[fd00::1]:8443/',
      'the service account of this pod',
      undefined,
    ]);
    const first = await found.authentication.credentials();
    expect([first.headers, String(first.tls.ca)]).toEqual([{ authorization: 'Bearer one' }, authority.cert]);
    write('pod/token', 'two');
    expect((await found.authentication.credentials()).headers).toEqual({ authorization: 'Bearer two' });
    expect(await found.authentication.refresh(first)).toBe(true);
    expect(found.authentication.description).toBe(`the token of ${at('pod/token')}`);
  });

  it('is read again from the kubeconfig when it is not accepted', async () => {
    const client = await open({ token: 'old' });
    expect(await tries(client, 401)).toEqual(['Bearer old']);
    write('kube/config', config({ token: 'new' }));
    expect(await tries(client, 401, 200)).toEqual(['Bearer old', 'Bearer new']);
    expect(await tries(client, 200)).toEqual(['Bearer new']);
  });

  it('stays what it was when the kubeconfig is broken, or is about another cluster by now', async () => {
    const client = await open({ token: 'old' });
    write('kube/config', 'a: [');
    expect(await tries(client, 401)).toEqual(['Bearer old']);
    write('kube/config', config({ token: 'of another' }, { server: 'http://another.test' }));
    expect(await tries(client, 401)).toEqual(['Bearer old']);
  });

  it('stays in its context, whichever is the current one by now', async () => {
    const client = await open({ token: 'old' });
    const now = simple('production');
    // Both are plain objects of lists.
    const [before, after] = [config({ token: 'new' }), now] as Record<string, readonly unknown[]>[];
    const lists = ['clusters', 'users', 'contexts'].map((list) => [
      list,
      [...(after?.[list] ?? []), ...(before?.[list] ?? [])],
    ]);
    write('kube/config', { 'current-context': 'production', ...Object.fromEntries(lists) });
    expect(await tries(client, 401, 200)).toEqual(['Bearer old', 'Bearer new']);
  });

  describe('as a plugin says', () => {
    beforeEach(() => {
      const script = `#!${process.execPath}
const fs = require('node:fs');
const runs = __dirname + '/runs';
fs.appendFileSync(runs, 'x');
console.log(JSON.stringify({ status: { token: process.env.WHO + '-' + fs.readFileSync(runs, 'utf8').length } }));
`;
      chmodSync(write('kube/bin/plugin.cjs', script), 0o755);
    });
    const exec = { command: './bin/plugin.cjs', env: [{ name: 'WHO', value: 'me' }] };

    it('runs beside the kubeconfig, once, and again when its credential is not accepted', async () => {
      const client = await open({ exec });
      expect(await tries(client, 200)).toEqual(['Bearer me-1']);
      expect(await tries(client, 200)).toEqual(['Bearer me-1']);
      expect(await tries(client, 401, 200)).toEqual(['Bearer me-1', 'Bearer me-2']);
      expect(await tries(client, 200)).toEqual(['Bearer me-2']);
    });

    it('runs as the kubeconfig says by now', async () => {
      const client = await open({ exec });
      expect(await tries(client, 200)).toEqual(['Bearer me-1']);
      write('kube/config', config({ exec: { ...exec, env: [{ name: 'WHO', value: 'you' }] } }));
      expect(await tries(client, 401, 200)).toEqual(['Bearer me-1', 'Bearer you-2']);
    });
  });

  it('goes through the proxy of the cluster', async () => {
    const tunnels: string[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(String(request.url));
      const onward = connectSocket(Number(server.url.port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    await new Promise<void>((resolve) => {
      proxy.listen(0, '127.0.0.1', resolve);
    });
    const { port } = proxy.address() as AddressInfo;
    const client = await open({ token: 't' }, { 'proxy-url': `http://127.0.0.1:${port}` });
    expect(await tries(client, 200)).toEqual(['Bearer t']);
    expect(tunnels).toEqual([server.url.host]);
    client.close();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
