import { defineConfig } from 'vitest/config'

// Tests run the sources, not the build: see "openconvoy-source" in package.json.
const conditions = ['openconvoy-source', 'node']

export default defineConfig({
  test: {
    // Its last line is what programs read: see the reporter.
    reporters: ['default', './test/support/summaryReporter.ts'],
    // Real WebRTC on two busy cores: more workers would only make peers look dead to each other.
    maxWorkers: 2,
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**'],
          setupFiles: ['test/support/leakCheck.ts'],
          // A process per file: native WebRTC engines live in one process for good.
          pool: 'forks',
          // Generous, since no test asserts speed.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
})
