/**
 * Owns the commands that the measuring process gives to the feeder, and their way there.
 */
import { request } from 'node:http';

/** Tells `tasks` tasks, from number `first` on, in blocks: each step of all tasks of a block, then the next step. */
interface Prepare {
  readonly story: 'flapping' | 'life';
  readonly first: number;
  readonly tasks: number;
  readonly block: number;
  /** One line of each instead: its ready pod is deleted. */
  readonly deleted?: boolean;
}

/** Calls of the ECS API: so many at a time, one connection each, for so long. */
export interface Calls {
  readonly url: string;
  readonly target: string;
  /** Taken in turn. */
  readonly bodies: readonly string[];
  readonly concurrency: number;
  readonly milliseconds: number;
}

export interface CallResult {
  readonly calls: number;
  readonly failures: number;
  readonly bytesPerAnswer: number;
  readonly milliseconds: number;
  /** Of each call, in milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number };
}

/** What the feeder can be told to do. */
export interface Commands {
  /** Makes the lines of the next `feed`, and of `GET /-/lines`. */
  readonly prepare: { readonly input: Prepare; readonly output: { readonly lines: number; readonly bytes: number } };
  /** Sends the lines on the watch: as fast as they are taken, or so many a second. Answers when all are written, with when each was (paced only). */
  readonly feed: { readonly input: { readonly rate?: number }; readonly output: { readonly sent: readonly number[] } };
  /** Lists so many running tasks from now on. */
  readonly list: { readonly input: { readonly tasks: number }; readonly output: object };
  /** Answers the next watch with 410. */
  readonly expire: { readonly input: object; readonly output: object };
  readonly call: { readonly input: Calls; readonly output: CallResult };
}

export async function command<Name extends keyof Commands>(
  feeder: string,
  name: Name,
  input: Commands[Name]['input'],
): Promise<Commands[Name]['output']> {
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request(`${feeder}/-/${name}`, { method: 'POST' }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (body += chunk));
      incoming.on('end', () => (incoming.statusCode === 200 ? resolve(body) : reject(new Error(body))));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(input));
  });
  return JSON.parse(text) as Commands[Name]['output']; // the feeder answers each command with its output
}
