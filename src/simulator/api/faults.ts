/**
 * Owns what goes wrong on purpose. Tests ask for it through these methods; the server and its watches ask here before
 * they answer or send.
 */
import type { KubeObject } from '../objects.js';
import type { Resource } from '../resources.js';
import { ApiError } from './status.js';
import type { Change } from './storage.js';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'other';

/** Which requests, watches or events a fault is for; all of them when a field is left out. */
export interface FaultScope {
  readonly resource?: Pick<Resource, 'plural'>;
}

export interface RequestFault extends FaultScope {
  /** The HTTP status to answer with. */
  readonly status: 401 | 403 | 404 | 409 | 410 | 429 | 500 | 503 | 504;
  readonly verb?: Verb;
  /** How many requests; 1 by default. */
  readonly times?: number;
  /** The `Retry-After` header, in seconds. */
  readonly retryAfter?: number;
}

export interface EventFault extends FaultScope {
  readonly type?: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** How many events; 1 by default. */
  readonly times?: number;
}

/** What a fault can do to an open watch. */
export interface FaultyWatch {
  readonly resource: Resource;
  /** Breaks the connection; in the middle of a line when asked to. */
  cut(midLine: boolean): void;
  /** Sends an ERROR event and ends. */
  fail(error: ApiError): void;
  /** Sends raw text. */
  inject(text: string): void;
  /** Keeps the connection open and sends nothing, until released. */
  stall(stalled: boolean): void;
}

const REASONS: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  401: ['Unauthorized', 'Unauthorized'],
  403: ['Forbidden', 'forbidden: User "nobody" may not do this'],
  404: ['NotFound', 'the server could not find the requested resource'],
  409: ['Conflict', 'the object has been modified; please apply your changes to the latest version and try again'],
  410: ['Expired', 'The resourceVersion for the provided list is too old.'],
  429: ['TooManyRequests', 'Too many requests, please try again later.'],
  500: ['InternalError', 'Internal error occurred: something went wrong, as asked'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted'],
};

export class Faults {
  readonly #watches: ReadonlySet<FaultyWatch>;
  readonly #requests: { readonly fault: RequestFault; left: number }[] = [];
  readonly #dropped: { readonly fault: EventFault; left: number }[] = [];
  readonly #duplicated: { readonly fault: EventFault; left: number }[] = [];
  /** How often the latest changes are to be sent, by revision, so that every watch does the same. */
  readonly #copies = new Map<number, number>();
  #stalled = false;

  constructor(watches: ReadonlySet<FaultyWatch>) {
    this.#watches = watches;
  }

  /** Answers the next requests that fit with an error. */
  failNext(fault: RequestFault): void {
    this.#requests.push({ fault, left: fault.times ?? 1 });
  }

  /** How many watches are open: to wait for them before something is done to them. */
  openWatches(scope: FaultScope = {}): number {
    return this.#chosen(scope).length;
  }

  /** Breaks every open watch connection, `midLine` in the middle of an event. */
  cutWatches(options: FaultScope & { readonly midLine?: boolean } = {}): void {
    for (const watch of this.#chosen(options)) watch.cut(options.midLine === true);
  }

  /**
   * Makes watches go silent while their connections stay open: no event, no bookmark. New watches too, unless `existing`.
   * {@link resumeWatches} lets them go on with what they have missed.
   */
  stallWatches(options: FaultScope & { readonly existing?: boolean } = {}): void {
    for (const watch of this.#chosen(options)) watch.stall(true);
    if (options.existing !== true) this.#stalled = true;
  }

  resumeWatches(): void {
    this.#stalled = false;
    for (const watch of this.#watches) watch.stall(false);
  }

  /** Ends every open watch with an ERROR event: 410, unless told otherwise. */
  failWatches(options: FaultScope & { readonly status?: RequestFault['status'] } = {}): void {
    for (const watch of this.#chosen(options)) watch.fail(errorOf(options.status ?? 410));
  }

  /** Sends a line that is no event on every open watch. A line break is added. */
  injectLine(text = '{"type":"MODIFIED","object":{"kind":"Pod"', scope: FaultScope = {}): void {
    for (const watch of this.#chosen(scope)) watch.inject(`${text}\n`);
  }

  /** Keeps the next events that fit from every watch. */
  dropNext(fault: EventFault = {}): void {
    this.#dropped.push({ fault, left: fault.times ?? 1 });
  }

  /** Sends the next events that fit twice. */
  duplicateNext(fault: EventFault = {}): void {
    this.#duplicated.push({ fault, left: fault.times ?? 1 });
  }

  /** Whether a watch that begins now is to be silent. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** The error to answer a request with, if one was asked for; with its `Retry-After` in seconds. */
  takeFailure(
    verb: Verb,
    resource: Resource | undefined,
  ): { error: ApiError; retryAfter: number | undefined } | undefined {
    const index = this.#requests.findIndex(
      ({ fault }) => (fault.verb ?? verb) === verb && (fault.resource?.plural ?? resource?.plural) === resource?.plural,
    );
    const entry = this.#requests[index];
    if (entry === undefined) return undefined;
    if (--entry.left <= 0) this.#requests.splice(index, 1);
    return { error: errorOf(entry.fault.status), retryAfter: entry.fault.retryAfter };
  }

  /** How often a change is to be sent: once, unless a fault says never or twice. */
  copiesOf(resource: Resource, change: Change<KubeObject>): number {
    if (this.#dropped.length + this.#duplicated.length + this.#copies.size === 0) return 1;
    const decided = this.#copies.get(change.revision);
    if (decided !== undefined) return decided;
    const copies = take(this.#dropped, resource, change) ? 0 : take(this.#duplicated, resource, change) ? 2 : 1;
    if (copies !== 1) this.#copies.set(change.revision, copies);
    return copies;
  }

  #chosen(scope: FaultScope): FaultyWatch[] {
    return [...this.#watches].filter(({ resource }) => (scope.resource?.plural ?? resource.plural) === resource.plural);
  }
}

function take(faults: { readonly fault: EventFault; left: number }[], resource: Resource, change: Change): boolean {
  const index = faults.findIndex(
    ({ fault }) =>
      (fault.resource?.plural ?? resource.plural) === resource.plural && (fault.type ?? change.type) === change.type,
  );
  const entry = faults[index];
  if (entry === undefined) return false;
  if (--entry.left <= 0) faults.splice(index, 1);
  return true;
}

function errorOf(status: number): ApiError {
  const [reason, message] = REASONS[status] ?? ['', 'unknown'];
  return new ApiError(status, reason, message);
}
