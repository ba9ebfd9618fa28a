/**
 * Owns the witness of the contract: a watch of its own on the pods of the contract's namespace, which shares nothing with the product but the
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

/** The kubelet's word for a container that it has lost sight of: the exit code beside it is made up. */
const LOST = 'ContainerStatusUnknown';

export class Witness {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #looks = new Map<string, Pod[]>();
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.#path = `/api/v1/namespaces/${namespace}/pods`;
  }

  /** Resolves when it watches. */
  async start(): Promise<void> {
    // A list of the Kubernetes API.
    const list = (await this.#connection.json('GET', this.#path)) as Pod & { readonly items: readonly Pod[] };
    const { body } = await this.#connection.request('GET', this.#path, {
      query: { watch: true, resourceVersion: list.metadata.resourceVersion, timeoutSeconds: 1800 },
      signal: this.#stopping.signal,
    });
    this.#watching = this.#read(createInterface({ input: body }));
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

  /** What it saw of a pod, in short lines: for a test that fails. */
  told(pod: string): readonly string[] {
    return (this.#looks.get(pod) ?? []).map(({ metadata, status }) =>
      JSON.stringify({
        version: metadata.resourceVersion,
        phase: status?.phase,
        containers: status?.containerStatuses?.map(({ name, state }) => [name, state]),
      }),
    );
  }

  async #read(lines: AsyncIterable<string>): Promise<void> {
    try {
      for await (const line of lines) {
        const { object } = JSON.parse(line) as { readonly object: Pod }; // a line of a watch
        const looks = this.#looks.get(object.metadata.name) ?? [];
        this.#looks.set(object.metadata.name, [...looks, object]);
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}
