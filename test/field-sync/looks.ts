/**
 * Owns what the watch tells of an ordinary task of one container: its pod's statuses in the order in which a kubelet reports them.
 */
import { running, terminated, waiting } from '../observe/raw-pods.js';
import type { RawContainerStatus, StatusParts } from '../observe/raw-pods.js';

export const POD_IP = '10.244.0.40';

/** Just created. */
export const CREATED: StatusParts = { phase: 'Pending' };
/** A node was found. */
export const PLACED: StatusParts = { phase: 'Pending', scheduled: true };

/** The kubelet has accepted the pod, in second 1: what it says of its containers, none of which has an address yet. */
export const preparing = (containers: Readonly<Record<string, RawContainerStatus>>): StatusParts => ({
  phase: 'Pending',
  scheduled: true,
  startTime: 1,
  ready: ['False', 1],
  containers,
});

/** At least one container was started. */
export const started = (
  containers: Readonly<Record<string, RawContainerStatus>>,
  ready: StatusParts['ready'] = ['True', 3],
): StatusParts => ({ phase: 'Running', scheduled: true, startTime: 1, podIP: POD_IP, ready, containers });

export const CREATING = preparing({ nginx: waiting('ContainerCreating') });
export const RUNNING = started({ nginx: running(2) });

/** The pod ended by itself in second `finished`. */
export const ended = (exitCode: number, finished: number): StatusParts => ({
  ...started({ nginx: terminated(exitCode, finished) }, ['False', finished]),
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
});

/** The same look at a pod that was asked to go, with 30 s of grace. */
export const deleted = (look: StatusParts, askedSecond: number, graceSeconds = 30): StatusParts => ({
  ...look,
  deletion: { askedSecond, graceSeconds },
});
