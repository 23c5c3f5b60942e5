import { defineConfig } from 'vitest/config'

// a guard against hanging, not a measurement: some tests play ten seconds of a fleet's life on a busy machine
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 }

/** What these assert holds on a machine that is not all too busy. */
const alone = ['test/devices-sim/presets/presets.test.ts']

export default defineConfig({
  test: {
    // many tests wait for a broker, a browser or a run of the simulator: as many as two cores would leave them idle
    maxWorkers: 3,
    projects: [
      { test: { name: 'all', include: ['test/**/*.test.ts'], exclude: alone, isolate: false, ...timeouts } },
      // after all others, with the machine to themselves
      { test: { name: 'alone', include: alone, isolate: false, sequence: { groupOrder: 1 }, ...timeouts } },
      {
        // acknowledgements wait for the store: the obligations hold just as well when it takes its time
        test: {
          name: 'slow-store',
          include: ['test/conformance/**/*.test.ts'],
          env: { TOPIARY_TEST_SLOW_STORE: '20261121' },
          isolate: false,
          ...timeouts,
        },
      },
      {
        test: {
          name: 'websocket',
          include: ['test/conformance/**/*.test.ts'],
          env: { TOPIARY_TEST_TRANSPORT: 'websocket' },
          isolate: false,
          ...timeouts,
        },
      },
    ],
  },
})
