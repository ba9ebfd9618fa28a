/**
 * Owns the outside of the sidecar under measure, in a process of its own: the Kubernetes API that it lists and watches, and the clients of its ECS API.
 *
 * The cluster has one collection with anything in it, the pods of KECS's own dialect. What it lists and what it tells on the watch is
 * commanded by `POST /-/<command>` (see feeder-client.ts); all of it is made before the clock starts. Lines go out 64 KB at a time: an API server
 * that is behind coalesces too.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { call } from './caller.js';
import type { Commands } from './feeder-client.js';
import { machineTime } from './machine-time.js';
import { FIRST_VERSION, FLAPPING, LIFE, PodLines, READY_STEP, stepOf } from './pod-lines.js';

const [recordings = ''] = process.argv.slice(2);
const stories = { flapping: new PodLines(recordings, FLAPPING), life: new PodLines(recordings, LIFE) };

/** What is written to the socket at once when nothing paces it, in bytes. */
const BLOCK = 64 * 1024;
/** The longest that a paced feed sleeps, in milliseconds. */
const TICK = 2;

let version = FIRST_VERSION;
let lines: readonly Buffer[] = [];
let listed = 0;
let gone = false;
let watch: ServerResponse | undefined;

const commands: {
  readonly [Name in keyof Commands]: (input: Commands[Name]['input']) => Promise<Commands[Name]['output']>;
} = {
  async prepare({ story, first, tasks, block, deleted = false }) {
    const pods = stories[story];
    lines = Array.from({ length: tasks * (deleted ? 1 : pods.steps) }, (_, index) => {
      const [task, step] = deleted ? [index, READY_STEP] : stepOf(index, tasks, pods.steps, block);
      version += 1;
      const line = pods.line(first + task, step, version);
      return Buffer.from(`${deleted ? line.replace('"MODIFIED"', '"DELETED"') : line}\n`);
    });
    return { lines: lines.length, bytes: lines.reduce((sum, line) => sum + line.length, 0) };
  },

  async feed({ rate }) {
    const response = watch;
    if (response === undefined) throw new Error('nobody watches');
    return { sent: rate === undefined ? await feedAll(response) : await feedPaced(response, rate) };
  },

  async list({ tasks }) {
    listed = tasks;
    version += tasks;
    return {};
  },

  async expire() {
    gone = true;
    return {};
  },

  call,
};

async function feedAll(response: ServerResponse): Promise<readonly number[]> {
  let block: Buffer[] = [];
  let length = 0;
  for (const line of lines) {
    block.push(line);
    length += line.length;
    if (length < BLOCK) continue;
    if (!response.write(Buffer.concat(block))) await once(response, 'drain');
    block = [];
    length = 0;
  }
  response.write(Buffer.concat(block));
  return [];
}

/** Each line at its time, or as soon after as the timers of this process allow; gives back when each was written. */
async function feedPaced(response: ServerResponse, rate: number): Promise<readonly number[]> {
  const sent: number[] = [];
  const begun = machineTime();
  while (sent.length < lines.length) {
    const due = Math.min(lines.length, Math.floor(((machineTime() - begun) * rate) / 1000));
    for (const line of lines.slice(sent.length, due)) {
      sent.push(machineTime());
      response.write(line);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK));
  }
  return sent;
}

// The measuring process may be too busy to see in time that an idle socket was closed: none is.
const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/-/lines') {
    await feedAll(response);
    response.end();
    return;
  }
  if (url.pathname.startsWith('/-/')) {
    const name = url.pathname.slice('/-/'.length) as keyof Commands; // only feeder-client.ts asks here
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // a stream without an encoding gives buffers
    const command = commands[name] as (input: unknown) => Promise<unknown>; // its input was typed where it was sent
    response.end(JSON.stringify(await command(JSON.parse(Buffer.concat(chunks).toString()))));
    return;
  }
  response.setHeader('content-type', 'application/json');
  const populated =
    url.pathname === '/api/v1/pods' && url.searchParams.get('labelSelector')?.startsWith('kecs.dev/') === true;
  if (url.searchParams.get('watch') === null) return void response.end(listPage(url.searchParams, populated));
  if (populated && gone) {
    gone = false;
    response.statusCode = 410;
    response.end(
      JSON.stringify({
        kind: 'Status',
        status: 'Failure',
        code: 410,
        reason: 'Expired',
        message: 'too old resource version',
      }),
    );
    return;
  }
  response.flushHeaders();
  if (populated) watch = response;
}

function listPage(query: URLSearchParams, populated: boolean): string {
  const from = Number(query.get('continue') ?? 0);
  const size = Number(query.get('limit') ?? listed);
  const to = populated ? Math.min(listed, from + size) : from;
  // Each pod has kept the version at which it became ready, so that a second list is the same as the first.
  const items = Array.from({ length: to - from }, (_, index) =>
    stories.flapping.item(from + index, READY_STEP, FIRST_VERSION + from + index),
  );
  const more = populated && to < listed ? { continue: String(to) } : {};
  return `{"kind":"PodList","apiVersion":"v1","metadata":${JSON.stringify({ resourceVersion: String(version), ...more })},"items":[${items.join(',')}]}`;
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  process.send?.({ url: `http://127.0.0.1:${port}` });
});
process.on('disconnect', () => process.exit());
