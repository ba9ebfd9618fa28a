/**
 * Owns the witness of the contract: watches of its own on the pods and Events of the contract's namespace, which share nothing with the product but the
 * connection. What it did not see, the cluster did not tell, and ecstate need not know.
 */
import { createInterface } from 'node:readline';
import type { Connection } from '../../src/kubernetes/connection.js';

interface Terminated {
  readonly exitCode?: number;
  readonly reason?: string;
}

interface Status {
  readonly name: string;
  readonly state?: { readonly terminated?: Terminated };
}

/** The part of a pod that is looked at. */
interface Pod {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly Status[];
  };
}

/** The part of an Event that is looked at. */
interface Event {
  readonly metadata: { readonly resourceVersion: string };
  readonly reason?: string;
  readonly involvedObject?: { readonly name?: string };
}

/** The kubelet's word for a container that it has lost sight of: the exit code beside it is made up. */
const LOST = 'ContainerStatusUnknown';

/** How much earlier than the pod an Event must have come to have come before it for everybody, in milliseconds: watches are not in step. */
const MARGIN = 1_000;

export class Witness {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #looks = new Map<string, Pod[]>();
  /** When it was first told that a pod's container is killed, and that the pod has ended, epoch milliseconds. */
  readonly #killed = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #stopping = new AbortController();
  #watching: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** Resolves when it watches. */
  async start(): Promise<void> {
    const pods = await this.#open('pods');
    const events = await this.#open('events');
    // Objects of the collections that are watched.
    this.#watching = Promise.all([
      this.#read(pods, (object) => this.#seePod(object as Pod)),
      this.#read(events, (object) => this.#seeEvent(object as Event)),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  /** With which code and reason the container was ever said to have ended; undefined when the cluster lost it, or never told. */
  ending(pod: string, container: string): Terminated | undefined {
    for (const { status } of this.#looks.get(pod)?.toReversed() ?? []) {
      const found = status?.containerStatuses?.find(({ name }) => name === container)?.state?.terminated;
      if (found !== undefined && found.reason !== LOST) return found;
    }
    return undefined;
  }

  /** The pod's address, if it ever had one. */
  address(pod: string): string | undefined {
    return this.#looks.get(pod)?.find(({ status }) => status?.podIP !== undefined)?.status?.podIP;
  }

  /** What it saw of a pod, in short lines: what a test that fails shows beside its expectation. */
  told(pod: string): readonly string[] {
    return (this.#looks.get(pod) ?? []).map(({ metadata, status }) =>
      JSON.stringify({
        version: metadata.resourceVersion,
        phase: status?.phase,
        containers: status?.containerStatuses?.map(({ name, state }) => [name, state]),
      }),
    );
  }

  /** Whether the Event that a container is killed came clearly before the pod's end. */
  killWasToldInTime(pod: string): boolean {
    const [killed, ended] = [this.#killed.get(pod), this.#ended.get(pod)];
    return killed !== undefined && (ended === undefined || killed + MARGIN <= ended);
  }

  async #open(resource: string): Promise<AsyncIterable<string>> {
    const path = `/api/v1/namespaces/${this.#namespace}/${resource}`;
    const list = (await this.#connection.json('GET', path)) as Pick<Pod, 'metadata'>; // a list of the Kubernetes API
    const { body } = await this.#connection.request('GET', path, {
      query: { watch: true, resourceVersion: list.metadata.resourceVersion, timeoutSeconds: 1800 },
      signal: this.#stopping.signal,
    });
    return createInterface({ input: body });
  }

  #seePod(pod: Pod): void {
    const { name } = pod.metadata;
    this.#looks.set(name, [...(this.#looks.get(name) ?? []), pod]);
    const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (isOver && !this.#ended.has(name)) this.#ended.set(name, Date.now());
  }

  #seeEvent({ reason, involvedObject }: Event): void {
    const name = involvedObject?.name ?? '';
    if (reason === 'Killing' && !this.#killed.has(name)) this.#killed.set(name, Date.now());
  }

  async #read(lines: AsyncIterable<string>, see: (object: unknown) => void): Promise<void> {
    try {
      for await (const line of lines) see((JSON.parse(line) as { readonly object: unknown }).object); // a line of a watch
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}
