/** Owns the paths and verbs of the API: which request is which call on the registry, a list, or a watch. */
import type { KubeObject } from '../objects.js';
import type { Resource } from '../resources.js';
import { findResource, PODS, RESOURCES } from '../resources.js';
import type { Timers } from '../timers.js';
import { discover } from './discovery.js';
import { encodeObject } from './encode.js';
import type { Faults, Verb } from './faults.js';
import { encodeList, list, parseRevision } from './list.js';
import { applyPatch } from './patch.js';
import type { DeleteOptions } from './deletion.js';
import type { Registry, Writer } from './registry.js';
import { scaleOf, withScale } from './scale.js';
import type { Matcher } from './selectors.js';
import { matchAll, parseFieldSelector, parseLabelSelector } from './selectors.js';
import type { ApiAnswer, ApiHandler, ApiRequest } from './server.js';
import { ApiError, badRequest, methodNotAllowed, noSuchResource } from './status.js';
import { encodeTable } from './table.js';
import { DEFAULT_WATCH_TIMEOUT, WatchStream } from './watch.js';

/** How long a list waits for a resourceVersion that is not yet, in milliseconds. */
export const FUTURE_LIST_WAIT = 3_000;

export interface HandlerContext {
  readonly registry: Registry;
  /** Timers of the wire: never scaled, for they are the client's and the server's own. */
  readonly timers: Timers;
  readonly faults: Faults;
  readonly watches: Set<WatchStream>;
  readonly host: () => string;
}

/** What a path is about. */
interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export function createHandler(context: HandlerContext): ApiHandler {
  return (request) => new Call(context, request).answer();
}

class Call {
  readonly #context: HandlerContext;
  readonly #request: ApiRequest;

  constructor(context: HandlerContext, request: ApiRequest) {
    this.#context = context;
    this.#request = request;
  }

  answer(): ApiAnswer | undefined {
    const { method, path, response } = this.#request;
    const document = method === 'GET' ? discover(path.replace(/(.)\/$/, '$1'), this.#context.host()) : undefined;
    const target = document === undefined ? parsePath(path) : undefined;
    const failure = this.#context.faults.takeFailure(this.#verb(target), target?.resource);
    if (failure !== undefined) {
      if (failure.retryAfter !== undefined) response.setHeader('retry-after', failure.retryAfter);
      throw failure.error;
    }
    if (typeof document === 'string') return { status: 200, text: document, contentType: 'text/plain' };
    if (document !== undefined) return { status: 200, text: `${JSON.stringify(document)}\n` };
    if (target === undefined) return UNKNOWN_PATH;
    if (target.subresource !== undefined) return this.#subresource(target, target.subresource);
    return target.name === undefined ? this.#collection(target) : this.#object(target, target.name);
  }

  #verb(target: Target | undefined): Verb {
    if (target === undefined) return 'other';
    switch (this.#request.method) {
      case 'GET':
        return target.name !== undefined ? 'get' : this.#watching ? 'watch' : 'list';
      case 'POST':
        return 'create';
      case 'PUT':
        return 'update';
      case 'PATCH':
        return 'patch';
      case 'DELETE':
        return 'delete';
      default:
        return 'other';
    }
  }

  get #watching(): boolean {
    const watch = this.#request.query.get('watch');
    return watch === '1' || watch === 'true';
  }

  get #writer(): Writer {
    const { query, headers } = this.#request;
    const agent = headers['user-agent']?.split('/')[0] ?? '';
    const manager = query.get('fieldManager') ?? (agent === '' ? 'unknown' : agent);
    return { manager, dryRun: query.has('dryRun') };
  }

  /** Whether the client asked for a table, as `kubectl get` does. */
  get #asTable(): boolean {
    return (this.#request.headers.accept ?? '')
      .split(',')
      .some((part) => /;as=Table;/.test(`${part};`) && part.includes('g=meta.k8s.io'));
  }

  #collection(target: Target): ApiAnswer | undefined {
    const { resource, namespace } = target;
    const { registry } = this.#context;
    switch (this.#request.method) {
      case 'GET':
        return this.#watching ? this.#watch(target) : this.#list(target);
      case 'POST':
        return this.#written(201, registry.create(resource, namespace, this.#request.body, this.#writer));
      case 'DELETE': {
        const items = registry.deleteCollection(
          resource,
          namespace,
          this.#matcher(resource),
          this.#deleteOptions(),
          this.#writer,
        );
        const metadata = { resourceVersion: String(registry.storage.revision) };
        return { status: 200, text: encodeList(resource, { items, metadata }) };
      }
      default:
        throw methodNotAllowed();
    }
  }

  #object(target: Target, name: string): ApiAnswer {
    const { resource, namespace } = target;
    const { registry } = this.#context;
    const { body, contentType } = this.#request;
    switch (this.#request.method) {
      case 'GET': {
        const object = registry.get(resource, namespace, name);
        if (!this.#asTable) return this.#written(200, object);
        const metadata = { resourceVersion: object.metadata.resourceVersion };
        return { status: 200, text: this.#table(resource, [object], metadata) };
      }
      case 'PUT':
        return this.#written(200, registry.update(resource, namespace, name, body, this.#writer));
      case 'PATCH':
        return this.#written(200, registry.patch(resource, namespace, name, body, contentType, this.#writer));
      case 'DELETE':
        return this.#delete(target, name);
      default:
        throw methodNotAllowed();
    }
  }

  #subresource({ resource, namespace, name = '' }: Target, subresource: string): ApiAnswer {
    const { registry } = this.#context;
    const { method, body, contentType } = this.#request;
    if (!resource.subresources.some((known) => known === subresource)) throw noSuchResource();
    const current = registry.get(resource, namespace, name);
    switch (`${method} ${subresource}`) {
      case 'GET status':
        return this.#written(200, current);
      case 'PUT status':
        return this.#written(200, registry.update(resource, namespace, name, body, this.#writer, 'status'));
      case 'PATCH status':
        return this.#written(200, registry.patch(resource, namespace, name, body, contentType, this.#writer, 'status'));
      case 'GET scale':
        return { status: 200, text: `${JSON.stringify(scaleOf(current))}\n` };
      case 'PUT scale':
      case 'PATCH scale': {
        const scale = method === 'PUT' ? body : applyPatch(scaleOf(current), body, contentType);
        const next = registry.update(resource, namespace, name, withScale(current, scale), this.#writer);
        return { status: 200, text: `${JSON.stringify(scaleOf(next))}\n` };
      }
      case 'POST eviction': {
        const options = (body as { deleteOptions?: DeleteOptions } | undefined)?.deleteOptions ?? {}; // an Eviction
        registry.delete(PODS, namespace, name, options, this.#writer);
        return {
          status: 201,
          text: `${JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' })}\n`,
        };
      }
      case 'PUT finalize':
        return this.#written(200, current);
      default:
        throw methodNotAllowed();
    }
  }

  #delete({ resource, namespace }: Target, name: string): ApiAnswer {
    const { object, gone } = this.#context.registry.delete(
      resource,
      namespace,
      name,
      this.#deleteOptions(),
      this.#writer,
    );
    if (!gone || resource.plural === PODS.plural) return this.#written(200, object);
    const { group, plural } = resource;
    const details = { name, ...(group === '' ? {} : { group }), kind: plural, uid: object.metadata.uid };
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    return { status: 200, text: `${JSON.stringify(status)}\n` };
  }

  #deleteOptions(): DeleteOptions {
    const { body, query } = this.#request;
    const options = typeof body === 'object' && body !== null ? (body as DeleteOptions) : {}; // what DELETE carries
    const grace = query.get('gracePeriodSeconds');
    const policy = query.get('propagationPolicy') ?? undefined;
    if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan') {
      throw badRequest(`invalid DeleteOptions: propagationPolicy: Unsupported value: "${policy}"`);
    }
    return {
      gracePeriodSeconds: options.gracePeriodSeconds ?? (grace === null ? undefined : Number(grace)),
      propagationPolicy: options.propagationPolicy ?? policy,
      orphanDependents: options.orphanDependents,
      preconditions: options.preconditions,
    };
  }

  #matcher(resource: Resource): Matcher {
    const { query } = this.#request;
    const labels = parseLabelSelector(query.get('labelSelector') ?? '');
    const fields = parseFieldSelector(query.get('fieldSelector') ?? '', resource.kind);
    if (labels === matchAll) return fields;
    return fields === matchAll ? labels : (object) => labels(object) && fields(object);
  }

  #list({ resource, namespace }: Target): ApiAnswer | undefined {
    const { query, response } = this.#request;
    const { registry, timers } = this.#context;
    const matcher = this.#matcher(resource);
    const request = { resource, namespace, matcher, selective: matcher !== matchAll, query };
    try {
      const result = list(registry.storage, request);
      const text = this.#asTable ? this.#table(resource, result.items, result.metadata) : encodeList(resource, result);
      return { status: 200, text };
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 504) throw error;
      // A real server waits for the version to come before it gives up.
      timers.after(FUTURE_LIST_WAIT, () => {
        response.writeHead(error.code, { 'content-type': 'application/json', 'retry-after': '1' });
        response.end(`${JSON.stringify(error.toStatus())}\n`);
      });
      return undefined;
    }
  }

  #watch({ resource, namespace }: Target): undefined {
    const { query, response } = this.#request;
    const { registry, timers, faults, watches } = this.#context;
    const version = query.get('resourceVersion') ?? '';
    const since = version === '' ? 0 : parseRevision(version);
    const timeout = Number(query.get('timeoutSeconds') ?? 0) * 1000;
    const stream = new WatchStream(
      {
        resource,
        namespace,
        matcher: this.#matcher(resource),
        since: since === 0 ? undefined : since,
        bookmarks: query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1',
        timeout: timeout > 0 ? timeout : DEFAULT_WATCH_TIMEOUT,
        transform: this.#asTable
          ? (object) => this.#table(resource, [object], { resourceVersion: object.metadata.resourceVersion })
          : undefined,
      },
      { storage: registry.storage, timers, faults },
      response,
    );
    watches.add(stream);
    stream.start(() => watches.delete(stream));
    return undefined;
  }

  #table(resource: Resource, objects: readonly KubeObject[], metadata: object): string {
    const included = this.#request.query.get('includeObject');
    return encodeTable(objects, resource.kind, metadata, this.#context.timers.now(), included);
  }

  #written(status: number, object: KubeObject): ApiAnswer {
    return { status, text: `${encodeObject(object)}\n` };
  }
}

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…`; nothing when the group is not served. */
function parsePath(path: string): Target | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  const group = core ? '' : (parts[1] ?? '');
  const version = (core ? parts[1] : parts[2]) ?? '';
  if (!RESOURCES.some((resource) => resource.group === group && resource.version === version)) return undefined;
  const rest = parts.slice(core ? 2 : 3);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const namespace = namespaced ? rest[1] : undefined;
  const [plural = '', name, subresource] = namespaced ? rest.slice(2) : rest;
  const resource = findResource(group, version, plural);
  if (resource === undefined || (namespaced && !resource.namespaced)) throw noSuchResource();
  return { resource, namespace, name, subresource };
}

/** A group that is not served: not a Status, but what Go's HTTP server says. */
const UNKNOWN_PATH: ApiAnswer = {
  status: 404,
  text: '404 page not found\n',
  contentType: 'text/plain; charset=utf-8',
};
