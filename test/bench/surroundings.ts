/**
 * Owns what every measurement is told, whatever it measures.
 */

/** Where things are that every measurement needs. */
export interface Surroundings {
  /** The directory of the recordings. */
  readonly recordings: string;
  /** Where CPU profiles of what is measured are left; absent: none are taken. */
  readonly profiles?: string;
}

/** What every probe is told. */
export interface ProbeInput extends Surroundings {
  /** Where the feeder listens. */
  readonly feeder: string;
  /** The sidecar's data directory, which the probes of one feeder share. */
  readonly directory: string;
}
