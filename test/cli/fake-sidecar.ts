/**
 * Owns a sidecar's HTTP surface with fixed answers, for tests of whoever asks one; and the tasks that it knows.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EcsObject } from '../../src/project/json.js';

const REGION = 'arn:aws:ecs:us-east-1:000000000000';

/** Epoch seconds of 2026-01-01T00:00:00Z; the harness's clock stands ten minutes later. */
export const T0 = 1_767_225_600;

export interface FakeTask {
  readonly task: EcsObject;
  /** Rows as the history has them; the first `from` is null, which no value of the ECS API is. */
  readonly history: readonly Readonly<Record<string, unknown>>[];
}

/** A task as DescribeTasks gives it; `id` is filled up to 32 digits. */
export function ecsTask(cluster: string, id: string, fields: EcsObject = {}): EcsObject {
  const taskId = id.padEnd(32, '0');
  return {
    attributes: [
      { name: 'kecs.dev/pod-name', value: `pod-${id}` },
      { name: 'kecs.dev/pod-namespace', value: `${cluster}-us-east-1` },
    ],
    clusterArn: `${REGION}:cluster/${cluster}`,
    containers: [{ name: 'app', image: 'nginx:1.27', lastStatus: 'RUNNING', healthStatus: 'HEALTHY' }],
    createdAt: T0,
    desiredStatus: 'RUNNING',
    group: 'family:web',
    healthStatus: 'HEALTHY',
    lastStatus: 'RUNNING',
    launchType: 'FARGATE',
    startedAt: T0 + 3,
    tags: [],
    taskArn: `${REGION}:task/${cluster}/${taskId}`,
    taskDefinitionArn: `${REGION}:task-definition/web:1`,
    version: 3,
    ...fields,
  };
}

export const RUNNING: FakeTask = {
  task: ecsTask('default', 'aaaa1111', { group: 'service:shop', startedBy: 'ecs-svc/1' }),
  history: [
    { from: null, to: 'PROVISIONING', at: T0, cause: 'pod pod-aaaa1111 was created', version: 1 },
    {
      from: 'PROVISIONING',
      to: 'PENDING',
      at: T0 + 0.015,
      cause: 'placed on a node; app is waiting (ContainerCreating)',
      version: 2,
    },
    { from: 'PENDING', to: 'RUNNING', at: T0 + 3.2, cause: 'its container is ready', version: 3 },
  ],
};

export const PULLING: FakeTask = {
  task: ecsTask('default', 'bbbb2222', {
    containers: [
      {
        name: 'app',
        image: 'registry.test/missing:1',
        lastStatus: 'PENDING',
        healthStatus: 'UNKNOWN',
        reason: 'ImagePullBackOff: Back-off pulling image "registry.test/missing:1"',
      },
    ],
    createdAt: T0 + 420,
    healthStatus: 'UNKNOWN',
    lastStatus: 'PENDING',
    version: 2,
  }),
  history: [
    { from: null, to: 'PROVISIONING', at: T0 + 420, cause: 'pod pod-bbbb2222 was created', version: 1 },
    {
      from: 'PROVISIONING',
      to: 'PENDING',
      at: T0 + 421.5,
      cause: 'placed on a node; app is waiting (ContainerCreating)',
      version: 2,
    },
  ],
};

export const STOPPED: FakeTask = {
  task: ecsTask('batch', 'aaaa3333', {
    containers: [
      {
        name: 'main',
        image: 'busybox:1.35',
        lastStatus: 'STOPPED',
        healthStatus: 'UNKNOWN',
        exitCode: 137,
        reason: 'OOMKilled',
      },
      {
        name: 'log',
        image: 'busybox:1.35',
        lastStatus: 'STOPPED',
        healthStatus: 'UNKNOWN',
        exitCode: 0,
        reason: 'Completed',
      },
    ],
    createdAt: T0 + 60,
    desiredStatus: 'STOPPED',
    executionStoppedAt: T0 + 408,
    group: 'family:job',
    healthStatus: 'UNKNOWN',
    lastStatus: 'STOPPED',
    startedAt: T0 + 61,
    stopCode: 'EssentialContainerExited',
    stoppedAt: T0 + 408,
    stoppedReason: 'Essential container in task exited',
    taskDefinitionArn: `${REGION}:task-definition/job:7`,
    version: 5,
  }),
  history: [
    {
      from: null,
      to: 'PENDING',
      at: T0 + 60,
      cause: 'first seen like this: placed on a node; main is waiting',
      version: 1,
    },
    { from: 'PENDING', to: 'RUNNING', at: T0 + 62, cause: 'all 2 containers are ready', version: 2 },
    {
      from: 'RUNNING',
      to: 'STOPPED',
      at: T0 + 408.5,
      cause: 'the pod ended as Failed; main exited with 137 (OOMKilled)',
      version: 5,
    },
  ],
};

type Answer = (request: IncomingMessage, response: ServerResponse, body: EcsObject) => void;

export interface FakeSidecar {
  readonly url: string;
  /** Requests in the order of their arrival: `ListTasks {"cluster":…}`, or method and path. */
  readonly requests: readonly string[];
  /** Headers of the latest request for transitions. */
  readonly streamHeaders: () => IncomingMessage['headers'];
  /** Sends a block of the event stream to whoever follows. */
  send(block: string): void;
  /** Ends the stream of whoever follows. */
  end(): void;
  /** Stops to listen, and breaks all connections; `listen` again brings it back at the same port. */
  stop(): Promise<void>;
  listen(): Promise<void>;
}

export interface FakeSidecarOptions {
  readonly tasks?: readonly FakeTask[];
  /** What it waits for. */
  readonly unready?: string;
  /** Instead of its own answer, to any request. */
  readonly answer?: Answer;
  /** The size of a page of ListTasks. */
  readonly pageSize?: number;
}

const textOf = (object: EcsObject, key: string): string => String(object[key] ?? '');
const clusterOf = (task: EcsObject): string => textOf(task, 'clusterArn');

export async function fakeSidecar(options: FakeSidecarOptions = {}): Promise<FakeSidecar> {
  const { tasks = [RUNNING, PULLING, STOPPED], pageSize = 100 } = options;
  const requests: string[] = [];
  const streams = new Set<ServerResponse>();
  let headers: IncomingMessage['headers'] = {};

  const known = (cluster: unknown, task: EcsObject): boolean =>
    clusterOf(task) === cluster || clusterOf(task).endsWith(`cluster/${String(cluster)}`);

  const json = (response: ServerResponse, status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(value));
  };

  const operations: Readonly<Record<string, (input: EcsObject, response: ServerResponse) => void>> = {
    ListClusters: (_, response) => {
      json(response, 200, { clusterArns: [...new Set(tasks.map(({ task }) => clusterOf(task)))].sort() });
    },
    ListTasks: (input, response) => {
      const inCluster = tasks.map(({ task }) => task).filter((task) => known(input['cluster'], task));
      if (inCluster.length === 0) {
        return json(response, 400, { __type: 'ClusterNotFoundException', message: 'Cluster not found.' });
      }
      const found = inCluster.filter(
        (task) =>
          task['desiredStatus'] === input['desiredStatus'] &&
          (input['family'] === undefined ||
            textOf(task, 'taskDefinitionArn').includes(`/${String(input['family'])}:`)) &&
          (input['serviceName'] === undefined || task['group'] === `service:${String(input['serviceName'])}`),
      );
      const first = Number(input['nextToken'] ?? 0);
      const taskArns = found.slice(first, first + pageSize).map((task) => task['taskArn']);
      const nextToken = first + pageSize < found.length ? String(first + pageSize) : undefined;
      json(response, 200, { taskArns, nextToken });
    },
    DescribeServices: (input, response) => {
      const asked: readonly unknown[] = Array.isArray(input['services']) ? input['services'] : [];
      json(response, 200, { services: [], failures: asked.map((arn) => ({ arn, reason: 'MISSING' })) });
    },
    DescribeTasks: (input, response) => {
      const asked: readonly unknown[] = Array.isArray(input['tasks']) ? input['tasks'] : [];
      const found = tasks.map(({ task }) => task).filter((task) => asked.includes(task['taskArn']));
      const missing = asked.filter((arn) => !found.some((task) => task['taskArn'] === arn));
      json(response, 200, { tasks: found, failures: missing.map((arn) => ({ arn, reason: 'MISSING' })) });
    },
  };

  const own: Answer = (request, response, body) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const history = /^\/api\/tasks\/(.+)\/history$/.exec(url.pathname);
    if (request.method === 'POST') {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      operations[operation]?.(body, response);
    } else if (url.pathname === '/readyz') {
      json(response, options.unready === undefined ? 200 : 503, {
        ready: options.unready === undefined,
        reason: options.unready,
      });
    } else if (history !== null) {
      const named = decodeURIComponent(history[1] ?? '');
      const found = tasks.find(({ task }) => textOf(task, 'taskArn').endsWith(named));
      if (found === undefined)
        json(response, 404, { __type: 'TaskNotFound', message: `No task with the id ${named} is known.` });
      else json(response, 200, { taskArn: found.task['taskArn'], history: found.history });
    } else if (url.pathname.startsWith('/api/services/')) {
      json(response, 404, { __type: 'ServiceNotFound', message: 'No such service is known.' });
    } else if (url.pathname === '/api/transitions') {
      headers = request.headers;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('retry: 2000\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
    }
  };

  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
      requests.push(operation === undefined ? `${request.method} ${request.url}` : `${operation} ${text}`);
      (options.answer ?? own)(request, response, text === '' ? {} : (JSON.parse(text) as EcsObject)); // what the client sent
    });
  });
  let port = 0;
  const listen = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    // A TCP server that listens has an AddressInfo.
    port = (server.address() as AddressInfo).port;
  };
  const cut = (): void => {
    for (const stream of streams) stream.destroy();
  };
  await listen();
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    streamHeaders: () => headers,
    send: (block) => {
      for (const stream of streams) stream.write(block);
    },
    end: () => {
      for (const stream of streams) stream.end();
    },
    stop: async () => {
      cut();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
    listen,
  };
}
