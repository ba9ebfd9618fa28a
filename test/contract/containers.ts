/**
 * Owns what the containers of the contract do. Each says it twice: as a command for a real kubelet (busybox and its shell), and as the script
 * that the embedded cluster's kubelet plays. So one pod is the same scenario on both.
 */
import type { ContainerScript } from '../../src/simulator/kubelet/script.js';

/** The part of a container's specification that the contract sets; what is left out is Kubernetes' default. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly imagePullPolicy: 'IfNotPresent';
  readonly resources?: object;
  readonly env?: readonly object[];
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
}

/** A container, and what the embedded cluster is told of it. */
export interface Container {
  readonly spec: ContainerSpec;
  readonly script: ContainerScript;
}

/** An image with a shell, which every cluster can pull. */
const SHELL_IMAGE = 'busybox:1.35';
/** Nobody serves this host; a cluster that answers for every host has no image of this name either. */
const MISSING_IMAGE = 'ecstate.invalid/nosuch:1';

function shell(
  name: string,
  commandLine: string,
  script: ContainerScript,
  more: Partial<ContainerSpec> = {},
): Container {
  return {
    spec: {
      name,
      image: SHELL_IMAGE,
      imagePullPolicy: 'IfNotPresent',
      command: ['sh', '-c', commandLine],
      ...more,
    },
    script,
  };
}

const FOREVER = 'sleep 1000000 & wait';

/** Ends by itself. */
export const ending = (name: string, seconds: number, exitCode: number): Container =>
  shell(name, `sleep ${seconds}; exit ${exitCode}`, { exitAfter: seconds * 1000, exitCode });

/** Runs until it is told to end, and ends with this code. */
export const serving = (name: string, stopCode = 0, more: Partial<ContainerSpec> = {}): Container =>
  shell(name, `trap "exit ${stopCode}" TERM; ${FOREVER}`, { stopCode }, more);

/** Does not listen to SIGTERM. */
export const deaf = (name: string): Container =>
  shell(name, 'trap "" TERM; while :; do sleep 1; done', { ignoresTerm: true });

/** Takes more memory than it may. */
export const greedy = (name: string, seconds: number): Container => {
  const amounts = { cpu: '125m', memory: '32Mi' };
  return shell(
    name,
    `sleep ${seconds}; exec tail /dev/zero`,
    { exitAfter: seconds * 1000, oomKilled: true },
    { resources: { limits: amounts, requests: amounts } },
  );
};

/** Its image does not exist. */
export const withoutImage = (name: string): Container => ({
  spec: { name, image: MISSING_IMAGE, imagePullPolicy: 'IfNotPresent' },
  script: { pullError: 'missing' },
});

/** Its command does not exist. */
export const withoutProgram = (name: string): Container => ({
  spec: { name, image: SHELL_IMAGE, imagePullPolicy: 'IfNotPresent', command: ['/no/such/program'] },
  script: { startError: 'exec: "/no/such/program": stat /no/such/program: no such file or directory: unknown' },
});

/** It wants a secret that does not exist. */
export const withoutSecret = (name: string): Container => {
  const env = [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'nosuch', key: 'password' } } }];
  return { ...serving(name, 0, { env }), script: { createError: 'secret "nosuch" not found' } };
};

/** A health check as KECS writes it: the same probe for liveness and readiness. */
const healthCheck = (command: string, seconds: number) => {
  const probe = {
    exec: { command: ['sh', '-c', command] },
    initialDelaySeconds: seconds,
    periodSeconds: 2,
    timeoutSeconds: 5,
    failureThreshold: 2,
    successThreshold: 1,
  };
  return { livenessProbe: probe, readinessProbe: probe };
};

/** Healthy, and later no more: it is killed, and ends with 0 since it listens. */
export const falling = (name: string, seconds: number): Container =>
  shell(
    name,
    `touch /tmp/ok; trap "exit 0" TERM; sleep ${seconds} & wait; rm /tmp/ok; ${FOREVER}`,
    { livenessFailsAfter: seconds * 1000 },
    healthCheck('test -f /tmp/ok', 2),
  );

/** Healthy after some seconds, until it is told to end. */
export const warmingUp = (name: string, seconds: number): Container =>
  shell(
    name,
    `trap "exit 0" TERM; sleep ${seconds} & wait; touch /tmp/ok; ${FOREVER}`,
    { readyAfter: seconds * 1000 },
    {
      readinessProbe: {
        exec: { command: ['sh', '-c', 'test -f /tmp/ok'] },
        periodSeconds: 1,
        timeoutSeconds: 5,
        failureThreshold: 3,
        successThreshold: 1,
      },
    },
  );
