import { defineConfig } from 'vitest/config';

/** The contract, on the cluster that KUBECONFIG names: its pods live in real time, so they live at once. */
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
