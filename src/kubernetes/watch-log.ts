/**
 * Owns what a watch tells the operator: each trouble once when it begins and once when it is over, however often it is tried in between.
 */
import type { WatchContext, WatchError, WatchMessage, WatchState } from '../../machines/watch/watch.types.js';
import type { Malformed } from './list-page.js';
import type { Logger } from './watched-kind.js';

/** How many malformed objects are remembered as logged: they come again with each resumption until the version has passed them. */
const REMEMBERED_MALFORMED = 1000;

/** Troubles that come and go without anybody doing anything. */
const PASSING: ReadonlySet<string> = new Set(['KUBERNETES_UNAVAILABLE', 'KUBERNETES_EXPIRED']);

/** Where a loop is. */
export interface ListWatchStatus {
  readonly state: WatchState;
  readonly context: WatchContext;
}

export class WatchLog {
  readonly #logger: Logger;
  readonly #name: string;
  readonly #about: { readonly kind: string; readonly namespace?: string };
  readonly #malformed = new Set<string>();

  constructor(logger: Logger, name: string, about: { readonly kind: string; readonly namespace?: string }) {
    this.#logger = logger;
    this.#name = name;
    this.#about = about;
  }

  /** `cause`: the exception behind a failure that is not the cluster's. */
  transition(
    { state, context }: ListWatchStatus,
    before: ListWatchStatus,
    message: WatchMessage,
    cause: unknown,
  ): void {
    const { lastError, listedObjects, resourceVersion } = context;
    const earlier = before.context.lastError;
    if (lastError !== null && isNews(lastError, earlier)) {
      const fields = { state, code: lastError.code, ...(cause !== undefined && { err: cause }) };
      this.#say(
        PASSING.has(lastError.code) ? 'warn' : 'error',
        fields,
        `${lastError.message} It is tried again until it works.`,
      );
    } else if (lastError === null && earlier !== null) {
      const seconds = Math.round((message.at - earlier.since) / 1000);
      this.#say('info', { code: earlier.code, seconds }, `works again, after ${seconds} s.`);
    }
    if (message.type === 'EXPIRED' && context.expirations === 1) {
      this.#say(
        'info',
        { resourceVersion: before.context.resourceVersion },
        `${message.message} Everything is listed again.`,
      );
    }
    if (message.type === 'PAGE_LISTED' && message.continueToken === null) {
      this.#say('info', { objects: listedObjects, resourceVersion }, `listed, ${listedObjects} objects.`);
    }
    if (before.state !== state) this.#say('debug', { from: before.state, to: state, on: message.type }, `is ${state}.`);
  }

  /** Each once. Not the objects themselves: they may hold secrets. */
  malformed(malformed: readonly Malformed[]): void {
    for (const { error: err, uid, resourceVersion } of malformed) {
      const which = `${uid ?? ''} ${resourceVersion ?? ''}`;
      if (this.#malformed.has(which)) continue;
      if (this.#malformed.size === REMEMBERED_MALFORMED) this.#malformed.clear();
      this.#malformed.add(which);
      const fields = {
        ...(uid !== undefined && { uid }),
        ...(resourceVersion !== undefined && { resourceVersion }),
        err,
      };
      this.#say('error', fields, 'an object could not be read and was left out. The others are not affected.');
    }
  }

  broken(err: unknown): void {
    this.#say('error', { err }, 'the watch broke, by a fault of ecstate itself. It begins anew, with a list.');
  }

  listenerFailed(err: unknown): void {
    this.#say('error', { err }, 'a listener to the watch failed.');
  }

  #say(level: keyof Logger, fields: object, text: string): void {
    this.#logger[level]({ ...this.#about, ...fields }, `${this.#name}: ${text}`);
  }
}

/** Another kind of trouble than before. The wording of one that passes varies from try to try; of one that does not, it says what to do. */
function isNews(error: WatchError, earlier: WatchError | null): boolean {
  if (earlier === null || earlier.code !== error.code) return true;
  return !PASSING.has(error.code) && earlier.message !== error.message;
}
