/**
 * Owns a ReadState of plain maps, for tests of whoever reads through it, and a builder of tasks to put there.
 * Services to put there are built by fake-service.ts.
 */
import type { DesiredStatus, LastStatus, LaunchType, TaskContext } from '../../machines/task/task.types.js';
import { clusterArn, taskArn, taskDefinitionArn } from '../../src/observe/arn.js';
import type { ArnDefaults } from '../../src/observe/arn.js';
import type { ReadState } from '../../src/http/read-state.js';
import type {
  ClusterSummary,
  CommittedService,
  CommittedTask,
  HistoryRow,
  ServiceHistoryRow,
  TaskIndexEntry,
  TaskTransition,
} from '../../src/system/state.port.js';

export const HERE: ArnDefaults = { region: 'us-east-1', accountId: '000000000000' };

/** 2026-01-01T00:00:00.123Z */
export const CREATED = 1_767_225_600_123;

export interface FakeTaskOptions {
  /** Filled with zeros to 32 digits. */
  readonly id: string;
  readonly cluster?: string;
  readonly family?: string;
  readonly serviceName?: string;
  readonly startedBy?: string;
  readonly launchType?: LaunchType;
  readonly lastStatus?: LastStatus;
  readonly desiredStatus?: DesiredStatus;
  readonly createdAt?: number;
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
}

export const taskId = (id: string): string => id.padStart(32, '0');

/** A task of one container as the system would have committed it. */
export function fakeTask(options: FakeTaskOptions): CommittedTask {
  const {
    cluster = 'default',
    family = 'web',
    createdAt = CREATED,
    lastStatus = 'RUNNING',
    launchType = 'FARGATE',
  } = options;
  const id = taskId(options.id);
  const stopped = lastStatus === 'STOPPED';
  const context: TaskContext = {
    profile: 'kecs',
    identity: {
      taskArn: taskArn(HERE, cluster, id),
      taskId: id,
      clusterArn: clusterArn(HERE, cluster),
      clusterName: cluster,
      taskDefinitionArn: taskDefinitionArn(HERE, family, '1'),
      family,
      group: options.serviceName === undefined ? `family:${family}` : `service:${options.serviceName}`,
      ...(options.startedBy === undefined ? {} : { startedBy: options.startedBy }),
      launchType,
      ...(options.serviceName === undefined ? {} : { serviceName: options.serviceName }),
      namespace: `${cluster}-us-east-1`,
      podName: `pod-${options.id}`,
      podUid: `uid-${options.id}`,
      createdAt,
      cpu: '256',
      memory: '512',
      networkMode: 'awsvpc',
      subnetId: 'subnet-12345678',
      hasRegistrations: false,
      tags: options.tags ?? [],
      containers: [
        {
          name: 'app',
          podContainerName: 'app',
          image: 'nginx:latest',
          essential: true,
          hasHealthCheck: true,
          restart: 'never',
          cpu: '0',
          memory: '512',
        },
      ],
    },
    version: 3,
    desiredStatus: options.desiredStatus ?? (stopped ? 'STOPPED' : 'RUNNING'),
    containers: [
      {
        name: 'app',
        lastStatus: stopped ? 'STOPPED' : 'RUNNING',
        ...(stopped ? { exitCode: 0, reason: 'Completed' } : {}),
        healthStatus: 'HEALTHY',
        runtimeId: 'c0ffee',
        imageDigest: 'sha256:abc',
        hasStarted: true,
        wasReady: true,
        restartCount: 0,
      },
    ],
    times: {
      pullStartedAt: createdAt + 1_000,
      pullStoppedAt: createdAt + 2_000,
      startedAt: createdAt + 3_000,
      ...(stopped
        ? { stoppingAt: createdAt + 9_000, executionStoppedAt: createdAt + 9_500, stoppedAt: createdAt + 10_000 }
        : {}),
    },
    ...(stopped
      ? { stop: { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' } as const }
      : {}),
    connectivity: { status: 'CONNECTED', at: createdAt + 2_500 },
    healthStatus: 'HEALTHY',
    network: { podIp: '10.1.2.3', attachment: stopped ? 'DELETED' : 'ATTACHED' },
    livenessFailed: [],
  };
  return { context, lastStatus };
}

export interface FakeState extends ReadState {
  /** Adds tasks, or replaces them where they are. */
  put(...tasks: readonly CommittedTask[]): void;
  /** Forgets a task; its history stays. */
  forget(taskArn: string): void;
  /** Adds a row to a task's history. */
  record(taskArn: string, row: HistoryRow): void;
  /** Adds services, or replaces them where they are. */
  putServices(...services: readonly CommittedService[]): void;
  /** Forgets a service; its history stays. */
  forgetService(serviceArn: string): void;
  /** Adds a row to a service's history. */
  recordService(serviceArn: string, row: ServiceHistoryRow): void;
  /** Tells the listeners of one turn. */
  emit(...transitions: readonly TaskTransition[]): void;
  /** How many listen. */
  readonly listeners: number;
}

function indexEntry({ context, lastStatus }: CommittedTask): TaskIndexEntry {
  const { identity, times } = context;
  return {
    taskArn: identity.taskArn,
    taskId: identity.taskId,
    clusterArn: identity.clusterArn,
    lastStatus,
    desiredStatus: context.desiredStatus,
    family: identity.family,
    serviceName: identity.serviceName,
    startedBy: identity.startedBy,
    launchType: identity.launchType,
    createdAt: identity.createdAt,
    since: identity.createdAt,
    stoppedAt: times.stoppedAt,
  };
}

/** A cluster is known while a task or a service of it is, as in the system. */
export function fakeState(...initial: readonly CommittedTask[]): FakeState {
  const tasks = new Map<string, CommittedTask>();
  const histories = new Map<string, HistoryRow[]>();
  const services = new Map<string, CommittedService>();
  const serviceHistories = new Map<string, ServiceHistoryRow[]>();
  const listeners = new Set<(transitions: readonly TaskTransition[]) => void>();
  const inCluster = (arn?: string): CommittedTask[] =>
    [...tasks.values()].filter(({ context }) => arn === undefined || context.identity.clusterArn === arn);

  const state: FakeState = {
    clusters: () => {
      const summaries = new Map<string, ClusterSummary>();
      const of = ({
        clusterArn: arn,
        clusterName,
      }: {
        readonly clusterArn: string;
        readonly clusterName: string;
      }): ClusterSummary =>
        summaries.get(arn) ?? {
          clusterArn: arn,
          clusterName,
          runningTasksCount: 0,
          pendingTasksCount: 0,
          activeServicesCount: 0,
        };
      for (const { context, lastStatus } of tasks.values()) {
        const before = of(context.identity);
        const pending = ['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(lastStatus);
        summaries.set(before.clusterArn, {
          ...before,
          runningTasksCount: before.runningTasksCount + (lastStatus === 'RUNNING' ? 1 : 0),
          pendingTasksCount: before.pendingTasksCount + (pending ? 1 : 0),
        });
      }
      for (const { context, status } of services.values()) {
        const before = of(context.identity);
        const active = status === 'PENDING' || status === 'ACTIVE';
        summaries.set(before.clusterArn, {
          ...before,
          activeServicesCount: before.activeServicesCount + (active ? 1 : 0),
        });
      }
      return [...summaries.values()];
    },
    task: (arn) => tasks.get(arn),
    taskArnOf: (cluster, id) =>
      inCluster(cluster).find(({ context }) => context.identity.taskId === id)?.context.identity.taskArn,
    tasks: (cluster) => inCluster(cluster).map(indexEntry),
    history: (arn) => histories.get(arn) ?? [],
    services: (cluster) =>
      [...services.values()].filter(({ context }) => cluster === undefined || context.identity.clusterArn === cluster),
    service: (arn) => services.get(arn),
    serviceHistory: (arn) => serviceHistories.get(arn) ?? [],
    onTransitions: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    put: (...added) => {
      for (const task of added) tasks.set(task.context.identity.taskArn, task);
    },
    forget: (arn) => void tasks.delete(arn),
    record: (arn, row) => void histories.set(arn, [...(histories.get(arn) ?? []), row]),
    putServices: (...added) => {
      for (const service of added) services.set(service.context.identity.serviceArn, service);
    },
    forgetService: (arn) => void services.delete(arn),
    recordService: (arn, row) => void serviceHistories.set(arn, [...(serviceHistories.get(arn) ?? []), row]),
    emit: (...transitions) => {
      for (const listener of listeners) listener(transitions);
    },
    get listeners() {
      return listeners.size;
    },
  };
  state.put(...initial);
  return state;
}
