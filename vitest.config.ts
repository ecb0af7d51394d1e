import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import SlowestFirst from './test/support/slowestFirst.ts'

// Tests run the sources, not the build: see "openconvoy-source" in package.json.
const conditions = ['openconvoy-source', 'node']

/** Tests that run in Node. */
function inNode(test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      // A process per file: native WebRTC engines live in one process for good.
      pool: 'forks',
      setupFiles: ['test/support/leakCheck.ts'],
      // Generous, since no test asserts speed.
      testTimeout: 30_000,
      hookTimeout: 30_000,
      ...test,
    },
  }
}

export default defineConfig({
  test: {
    // Its last line is what programs read: see the reporter.
    reporters: ['default', './test/support/summaryReporter.ts'],
    sequence: { sequencer: SlowestFirst },
    // One more than the two cores of the smallest machines: half of the time tests wait for networks and deadlines. Many more
    // would make peers look dead to each other.
    maxWorkers: 3,
    projects: [
      inNode({ name: 'node', include: ['test/**/*.test.ts'], exclude: ['test/browser/**'] }),
      // From Node, with pages open in Chromium.
      inNode({ name: 'browser', include: ['test/browser/*.test.ts'], exclude: ['**/*.page.test.ts'] }),
      // Inside a page of Chromium.
      './vitest.browser.config.ts',
    ],
  },
})
