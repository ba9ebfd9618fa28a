/**
 * The catalogue of ecstate's statecharts, for its own use and for other people's tests (`import … from 'ecstate/machines'`).
 */
export { PROFILE_NAMES, PROFILES, TASK_ROWS } from './semantics.js';
export type { Profile, ProfileName } from './semantics.js';
export { IGNORED_BY_TASK, lastStatusOf, stateValueOf, taskMachine } from './task/task.machine.js';
export type { TaskMachine, TaskStateValue } from './task/task.machine.js';
export { describeCause } from './task/cause.js';
export { LAST_STATUSES, rankOf } from './task/task.types.js';
export type * from './task/task.types.js';
export { IGNORED_BY_SIDECAR, READY_STATES, sidecarMachine } from './sidecar/sidecar.machine.js';
export type * from './sidecar/sidecar.types.js';
