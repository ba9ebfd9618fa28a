import { defineConfig } from 'vitest/config';

/**
 * The contract, on the embedded cluster and on the one that ECSTATE_CONTRACT_KUBECONFIG or KUBECONFIG names (skipped without it); faults of its
 * components where ECSTATE_CONTRACT_CONTROL names a program that does them (test/contract/control.ts). Pods live in real time, so they live at once.
 */
export default defineConfig({
  test: {
    include: ['test/contract/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    maxConcurrency: 40,
    fileParallelism: false,
    reporters: ['verbose'],
  },
});
