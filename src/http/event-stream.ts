/**
 * Owns one reader of a server-sent event stream: what it is sent, and what becomes of it when it reads too slowly.
 */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../system/clock.js';

/** What may wait in memory for one reader, in bytes: four thousand transitions, a burst that a reader which keeps up soon takes. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;

/** How long a reader that was too slow has to take what was already sent, in milliseconds, before its connection is broken. */
export const LAGGING_GRACE = 10_000;

/** How long a browser's EventSource waits before it connects again, in milliseconds. */
const RETRY = 2_000;

/** One event as the stream carries it. `data` must be one line, as JSON is. */
export const eventFrame = (event: string, data: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;

/**
 * Sends events to one reader.
 * - E1 never more than {@link MAX_BUFFERED_BYTES}, and one call's frames, wait for it.
 * - E2 a reader that lets more pile up is told so by a last event, `lagging`, and gets nothing more: what it misses, it must ask for anew.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #open = true;
  #grace: Timer | undefined;

  /** Answers 200 and begins the stream. `onClose` is called once, when the reader is gone or was sent away. */
  constructor(response: ServerResponse, clock: Clock, onClose: () => void) {
    this.#response = response;
    this.#clock = clock;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Tells nginx and its like not to hold events back.
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    response.write(`retry: ${RETRY}\n\n`);
    response.once('close', () => {
      this.#open = false;
      if (this.#grace !== undefined) clock.clearTimeout(this.#grace);
      onClose();
    });
  }

  /** Sends these frames, as {@link eventFrame} makes them. */
  send(frames: string): void {
    if (!this.#open) return;
    if (this.#response.writableLength <= MAX_BUFFERED_BYTES) {
      this.#response.write(frames);
      return;
    }
    this.#open = false;
    this.#response.end(eventFrame('lagging', JSON.stringify({ reason: 'the stream was read too slowly' })));
    this.#grace = this.#clock.setTimeout(() => this.#response.destroy(), LAGGING_GRACE, { unref: true });
  }

  /** Ends the stream after what was sent. */
  end(): void {
    this.#open = false;
    this.#response.end();
  }
}
