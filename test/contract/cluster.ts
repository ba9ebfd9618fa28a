/**
 * Owns the way from the contract to a cluster: objects are made, changed and deleted through the same client that the product has.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Connection } from '../../src/kubernetes/connection.js';
import { kubernetesStatus } from '../../src/kubernetes/status-error.js';
import { systemClock, type Clock } from '../../src/system/clock.js';
import * as manifests from './manifests.js';

const { ECSTATE_CONTRACT_KUBECONFIG, KUBECONFIG } = process.env;

/** Whether there is a cluster to try the contract on. */
export const HAS_CLUSTER = ECSTATE_CONTRACT_KUBECONFIG !== undefined || KUBECONFIG !== undefined;

/** Why the contract is not tried, in words. */
export const NO_CLUSTER =
  'no cluster: set ECSTATE_CONTRACT_KUBECONFIG (or KUBECONFIG) to the kubeconfig of one where pods may be made and deleted';

/** The part of a pod that is looked at. */
interface Pod {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
}

/** Where namespaces, pods and Deployments are made; `cluster` names the ECS cluster, whose namespace is KECS's. */
export class ContractCluster {
  readonly connection: Connection;
  readonly name: string;

  constructor(connection: Connection, name: string) {
    this.connection = connection;
    this.name = name;
  }

  /** Resolves when pods can be made. */
  async createNamespace(): Promise<void> {
    await this.connection.json('POST', '/api/v1/namespaces', { body: manifests.namespace(this.name) });
  }

  async deleteNamespace(): Promise<void> {
    await this.connection.json('DELETE', `/api/v1/namespaces/${manifests.namespaceOf(this.name)}`);
  }

  /** A RunTask. */
  async runTask(family: string, taskId: string, task: manifests.TaskSpec): Promise<void> {
    await this.#create('/api/v1', 'pods', manifests.runTaskPod(this.name, family, taskId, task));
  }

  /** A CreateService. */
  async createService(service: string, replicas: number, task: manifests.TaskSpec): Promise<void> {
    await this.#create('/apis/apps/v1', 'deployments', manifests.serviceDeployment(this.name, service, replicas, task));
  }

  /** An UpdateService: another number of tasks, another revision of the task definition, or both. */
  async updateService(
    service: string,
    change: { readonly replicas?: number; readonly revision?: number },
  ): Promise<void> {
    const { replicas, revision } = change;
    const annotations = { 'kecs.dev/task-definition': manifests.definitionArn(service, revision) };
    await this.connection.json('PATCH', `${this.#collection('/apis/apps/v1', 'deployments')}/${service}`, {
      body: {
        ...(revision !== undefined && { metadata: { annotations } }),
        spec: {
          ...(replicas !== undefined && { replicas }),
          ...(revision !== undefined && { template: { metadata: { annotations } } }),
        },
      },
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    });
  }

  async deleteService(service: string): Promise<void> {
    await this.connection.json('DELETE', `${this.#collection('/apis/apps/v1', 'deployments')}/${service}`, {
      body: { propagationPolicy: 'Background' },
    });
  }

  /** A StopTask, as KECS does it: the pod is deleted. One that is gone already is no error. */
  async deletePod(name: string, graceSeconds?: number): Promise<void> {
    try {
      await this.connection.json('DELETE', `${this.#collection('/api/v1', 'pods')}/${name}`, {
        body: { ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }) },
      });
    } catch (error) {
      if (kubernetesStatus(error)?.status !== 404) throw error;
    }
  }

  async podExists(name: string): Promise<boolean> {
    return (await this.#pod(name)) !== undefined;
  }

  /** Undefined for a pod that is gone. */
  async podPhase(name: string): Promise<string | undefined> {
    return (await this.#pod(name))?.status?.phase;
  }

  /** The node that a pod was placed on. */
  async nodeOf(name: string): Promise<string> {
    return (await this.#pod(name))?.spec?.nodeName ?? '';
  }

  async #pod(name: string): Promise<Pod | undefined> {
    try {
      // A pod of the Kubernetes API.
      return (await this.connection.json('GET', `${this.#collection('/api/v1', 'pods')}/${name}`)) as Pod;
    } catch (error) {
      if (kubernetesStatus(error)?.status === 404) return undefined;
      throw error;
    }
  }

  #collection(api: string, resource: string): string {
    return `${api}/namespaces/${manifests.namespaceOf(this.name)}/${resource}`;
  }

  /** A new namespace refuses pods until its service account is there. */
  async #create(api: string, resource: string, body: object): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.connection.json('POST', this.#collection(api, resource), { body });
        return;
      } catch (error) {
        if (kubernetesStatus(error)?.status !== 403 || tries === 50) throw error;
        await pause(200);
      }
    }
  }
}

/** The cluster that the environment names, with an ECS cluster of a name that nobody has. */
export async function openCluster(clock: Clock = systemClock): Promise<ContractCluster> {
  const connection = await connect({ kubeconfig: ECSTATE_CONTRACT_KUBECONFIG, clock });
  return new ContractCluster(connection, `contract-${Date.now().toString(36)}`);
}
