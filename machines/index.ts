/**
 * The catalogue of ecstate's statecharts, for its own use and for other people's tests (`import … from 'ecstate/machines'`).
 */
import { rolloutMachine } from './service/rollout.machine.js';
import { serviceMachine } from './service/service.machine.js';
import { sidecarMachine } from './sidecar/sidecar.machine.js';
import { taskMachine } from './task/task.machine.js';
import { watchMachine } from './watch/watch.machine.js';

export { PROFILE_NAMES, PROFILES, SERVICE_ROWS, TASK_ROWS } from './semantics.js';
export type { Profile, ProfileName } from './semantics.js';

export { IGNORED_BY_TASK, lastStatusOf, stateValueOf } from './task/task.machine.js';
export type { TaskMachine, TaskStateValue } from './task/task.machine.js';
export { describeCause } from './task/cause.js';
export { LAST_STATUSES, rankOf } from './task/task.types.js';
export type * from './task/task.types.js';

export { IGNORED_BY_SERVICE } from './service/service.machine.js';
export { IGNORED_BY_ROLLOUT } from './service/rollout.machine.js';
export type { RolloutStateValue } from './service/rollout.machine.js';
export { DEPLOYMENT_ROLES, ROLLOUT_STATES, SERVICE_STATUSES } from './service/service.types.js';
export type * from './service/service.types.js';

export { IGNORED as IGNORED_BY_WATCH, watchState } from './watch/watch.machine.js';
export { WATCH_STATES } from './watch/watch.types.js';
export type {
  WatchContext,
  WatchError,
  WatchInput,
  WatchMessage,
  WatchMessageType,
  WatchState,
} from './watch/watch.types.js';

export { IGNORED_BY_SIDECAR, READY_STATES } from './sidecar/sidecar.machine.js';
export type * from './sidecar/sidecar.types.js';

export { rolloutMachine, serviceMachine, sidecarMachine, taskMachine, watchMachine };

/** Every machine by its name, for whoever treats all of them alike: to draw them, to walk them. */
export const MACHINES = {
  task: taskMachine,
  service: serviceMachine,
  rollout: rolloutMachine,
  watch: watchMachine,
  sidecar: sidecarMachine,
} as const;

export type MachineName = keyof typeof MACHINES;
