/**
 * Owns the measuring of the ECS API: how fast a sidecar with many tasks answers, beside a server that answers as many bytes without a thought.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { command } from '../feeder-client.js';
import type { CallResult } from '../feeder-client.js';
import { FLAPPING, PodLines } from '../pod-lines.js';
import { createSubject } from '../subject.js';
import type { ProbeInput } from '../surroundings.js';

export interface ApiInput extends ProbeInput {
  readonly tasks: number;
  /** How long each is asked, in milliseconds. */
  readonly milliseconds: number;
}

/** One operation, asked one call at a time and by several callers at once. */
export interface OperationFigures {
  readonly name: string;
  readonly alone: CallResult;
  readonly together: CallResult;
  /** The callers of `together` asking a bare node:http server for a constant answer of the same length. */
  readonly floor: CallResult;
}

const TARGET = 'AmazonEC2ContainerServiceV20141113.';
const CALLERS = 8;
/** Different requests of each operation, so that no answer is the one before. */
const VARIANTS = 50;
/** ECS's most tasks of one DescribeTasks, and of one page. */
const MOST = 100;

export async function api({
  feeder,
  directory,
  tasks,
  recordings,
  milliseconds,
}: ApiInput): Promise<readonly OperationFigures[]> {
  const pods = new PodLines(recordings, FLAPPING);
  const subject = createSubject(directory, feeder);
  await subject.start();
  await subject.synced();
  await subject.committed();
  const cluster = pods.clusterArn;
  const named = (from: number, size: number): readonly string[] =>
    Array.from({ length: size }, (_, index) => pods.taskArn((from + index) % tasks));
  const variants = (body: (variant: number) => object): readonly string[] =>
    Array.from({ length: VARIANTS }, (_, variant) => JSON.stringify(body(variant)));
  const spread = (variant: number): number => Math.floor((variant * tasks) / VARIANTS);
  const operations = [
    {
      name: 'DescribeTasks, 1 task',
      target: 'DescribeTasks',
      bodies: variants((variant) => ({ cluster, tasks: named(spread(variant), 1) })),
    },
    {
      name: `DescribeTasks, ${MOST} tasks`,
      target: 'DescribeTasks',
      bodies: variants((variant) => ({ cluster, tasks: named(spread(variant), MOST) })),
    },
    { name: `ListTasks, first page of ${MOST}`, target: 'ListTasks', bodies: variants(() => ({ cluster })) },
  ];
  const figures: OperationFigures[] = [];
  for (const { name, target, bodies } of operations) {
    const ask = (url: string, concurrency: number): Promise<CallResult> =>
      command(feeder, 'call', { url, target: TARGET + target, bodies, concurrency, milliseconds });
    await ask(subject.url, CALLERS);
    const alone = await ask(subject.url, 1);
    const together = await ask(subject.url, CALLERS);
    const floor = await askConstant(together.bytesPerAnswer, (url) => ask(url, CALLERS));
    if (alone.failures + together.failures > 0) throw new Error(`${name} was refused`);
    figures.push({ name, alone, together, floor });
  }
  await subject.stop();
  return figures;
}

async function askConstant(bytes: number, ask: (url: string) => Promise<CallResult>): Promise<CallResult> {
  const answer = 'x'.repeat(Math.round(bytes));
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const result = await ask(`http://127.0.0.1:${port}`);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return result;
}
