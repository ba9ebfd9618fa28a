/**
 * Owns what the package gives to programs: a sidecar to embed, replays, the projection, and the errors. The statecharts are `ecstate/machines`.
 */
export { createSidecar } from './sidecar.js';
export type { SidecarParts } from './sidecar.js';
export type { Readiness, Sidecar, SidecarOptions } from './sidecar.port.js';
export { Connection, connect } from './kubernetes/connection.js';
export { replay } from './replay/replay.js';
export type { ReplayOptions, ReplayResult } from './replay/replay.js';
export { projectService } from './project/service.js';
export { projectTask } from './project/task.js';
export { createLogger } from './telemetry/logger.js';
export type { Logger } from './telemetry/logger.js';
export { ManualClock, systemClock } from './system/clock.js';
export type { Clock } from './system/clock.js';
export type {
  CommittedService,
  CommittedState,
  CommittedTask,
  HistoryRow,
  ServiceHistoryRow,
  TaskTransition,
} from './system/state.port.js';
export { ConfigurationError, ERROR_CODES, EcstateError, FatalError, RetryableError } from './errors.js';
export type { ErrorCode } from './errors.js';
export { VERSION } from './version.js';
