/** What the simulator's tests use to talk to it: plain HTTP requests, and watches whose bytes and end can be seen. */
import type { IncomingMessage } from 'node:http';
import { get, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as parsed JSON; {@link at} and {@link listOf} reach into it. */
  readonly body: object;
}

/** What stands at a path in parsed JSON; a path that leads nowhere is `undefined`. */
export function at(body: unknown, ...path: readonly string[]): unknown {
  let value = body;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name]; // an object, read by name
  }
  return value;
}

/** The elements at a path in parsed JSON. */
export function listOf(body: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = at(body, ...path);
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

export interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request on a connection of its own. A body is sent as JSON. */
export function call(url: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = 'GET', body, headers = {} } = options;
  const text = body === undefined ? '' : JSON.stringify(body);
  // Node sends no length with a DELETE by itself.
  const own =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const message = request(url, { method, agent: false, headers: { ...own, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString();
        const json = (response.headers['content-type'] ?? '').includes('json');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: answer,
          body: (json ? JSON.parse(answer) : {}) as object, // every answer in JSON is an object
        });
      });
    });
    message.on('error', reject);
    message.end(text);
  });
}

/** A watch: its events as they come, and how it ended. */
export class Watch {
  readonly events: unknown[] = [];
  /** Lines that are no JSON. */
  readonly malformed: string[] = [];
  /** What came after the last line break. */
  rest = '';
  text = '';
  status = 0;
  ended: 'end' | 'aborted' | undefined;
  #close: () => void = () => {};
  #waiting: (() => void)[] = [];

  /** Opens a watch and waits for the answer's head. */
  static open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Watch> {
    const watch = new Watch();
    return new Promise((resolve, reject) => {
      const message = get(url, { agent: false, headers }, (response) => {
        watch.status = response.statusCode ?? 0;
        watch.#close = () => message.destroy();
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => watch.#take(chunk));
        response.on('end', () => watch.#finish('end'));
        response.on('error', () => watch.#finish('aborted'));
        resolve(watch);
      });
      message.on('error', (error) => {
        watch.#finish('aborted');
        reject(error);
      });
    });
  }

  /** The events once there are `count`, or once the watch has ended. */
  async take(count: number): Promise<unknown[]> {
    await this.until(() => this.events.length >= count || this.ended !== undefined);
    return this.events;
  }

  /** Waits until `condition` holds; it is looked at after each piece that arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Waits for the end. */
  async end(): Promise<'end' | 'aborted' | undefined> {
    await this.until(() => this.ended !== undefined);
    return this.ended;
  }

  close(): void {
    this.#close();
  }

  #take(chunk: string): void {
    this.text += chunk;
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        this.events.push(JSON.parse(line));
      } catch {
        this.malformed.push(line);
      }
    }
    this.#wake();
  }

  #finish(how: 'end' | 'aborted'): void {
    this.ended ??= how;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
