/**
 * Owns the contract on the embedded cluster: the same scenarios with the same expectations, so that what holds there holds on a real one.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { Connection } from '../../src/kubernetes/connection.js';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { systemClock } from '../../src/system/clock.js';
import { ContractCluster } from './cluster.js';
import { lifecycleSuite } from './lifecycle.js';
import { servicesSuite } from './services.js';

/** Its pods live faster than real ones, and slowly enough for every step to be told. */
const PACE = 0.5;

let simulator: Simulator;
beforeAll(async () => {
  simulator = createSimulator({ paceScale: PACE });
  await simulator.start();
});
afterAll(() => simulator.stop());

const open = (name: string) => (): Promise<ContractCluster> =>
  Promise.resolve(
    new ContractCluster(new Connection({ server: new URL(simulator.url), clock: systemClock }), `contract-${name}`),
  );

describe('a task of the embedded cluster', () => {
  lifecycleSuite(open('tasks'));
});

describe('a service of the embedded cluster', () => {
  servicesSuite(open('services'));
});
