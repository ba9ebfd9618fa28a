/**
 * Owns what the demo says to try: lines that can be copied as they are.
 */
import { SETTINGS } from '../../config/settings.js';
import type { Clock } from '../../system/clock.js';
import type { CommittedState } from '../../system/state.port.js';
import type { CliIo } from '../io.js';
import { shortId } from '../text/format.js';
import { painterFor } from '../text/style.js';

/** How long the guide waits for the sample workload's first task, in milliseconds: people should see it within seconds, with a task or without. */
export const FIRST_TASK_LIMIT = 3_000;

export interface DemoNames {
  readonly url: string;
  readonly kubeconfig: string;
  readonly region: string;
  readonly cluster: string;
  /** The id of a task that is there. */
  readonly task: string | undefined;
}

export function demoGuide({ url, kubeconfig, region, cluster, task }: DemoNames, io: CliIo): string {
  const paint = painterFor(io.stdout, io.env);
  const call = (words: string): string =>
    `${io.program} ${words}${url === SETTINGS.url.byDefault({}) ? '' : ` --url ${url}`}`;
  const credentials = `AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo AWS_DEFAULT_REGION=${region}`;
  const steps: readonly (readonly [about: string, line: string])[] = [
    ['every task that is wanted, and those that have stopped', call('tasks --status all')],
    ['what happens, as it happens', call('watch')],
    ['what one task is, and how it got there', call(`why ${task === undefined ? 'TASK' : shortId(task)}`)],
    [
      'the ECS API, bare',
      `curl -s ${url}/ -H 'Content-Type: application/x-amz-json-1.1' ` +
        `-H 'X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListTasks' -d '{"cluster":"${cluster}"}'`,
    ],
    ['the same by the AWS CLI', `${credentials} aws ecs list-tasks --endpoint-url ${url} --cluster ${cluster}`],
    ['the pods behind it', `kubectl --kubeconfig ${shellWord(kubeconfig)} get pods --all-namespaces --watch`],
  ];
  const lines = steps.map(([about, line]) => `  ${paint('dim', `# ${about}`)}\n  ${line}\n`);
  return [
    `${paint('bold', `The demo is ready: the ECS API is at ${url}`)}, over a cluster inside this process whose tasks come and go.\n`,
    'Try, in another terminal:\n',
    ...lines,
    'Ctrl-C ends it.\n',
  ].join('\n');
}

/** A word as a POSIX shell takes it whole. */
const shellWord = (text: string): string => (/^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The id of a task that there is to ask about: one that has stopped, for its story is whole, or else the oldest. */
export async function firstTask(
  state: CommittedState,
  clock: Clock,
  interrupted: AbortSignal,
): Promise<string | undefined> {
  const find = (): string | undefined => {
    const tasks = [...state.tasks()];
    return (tasks.find(({ lastStatus }) => lastStatus === 'STOPPED') ?? tasks[0])?.taskId;
  };
  if (find() === undefined) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stopListening();
        clock.clearTimeout(timer);
        resolve();
      };
      const stopListening = state.onTransitions(done);
      const timer = clock.setTimeout(done, FIRST_TASK_LIMIT);
      interrupted.addEventListener('abort', done, { once: true });
    });
  }
  return find();
}
