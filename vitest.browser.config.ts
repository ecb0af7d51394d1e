import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { levelForBrowsers } from './scripts/buildLevelVendor.ts'
import { simplePeerForBrowsers } from './scripts/simplePeerForBrowsers.ts'
import { chromiumLaunchOptions } from './test/support/chromium.ts'

// Tests that run inside a page of a real browser: test/browser/*.page.test.ts.
export default defineConfig({
  plugins: [simplePeerForBrowsers(), levelForBrowsers()],
  resolve: { conditions: ['openconvoy-source', 'browser'] },
  // Named, not found on the way: finding one more reloads the page in the middle of its tests.
  optimizeDeps: {
    noDiscovery: true,
    include: ['@msgpack/msgpack', 'tweetnacl', 'valibot'],
  },
  test: {
    name: 'page',
    include: ['test/browser/*.page.test.ts'],
    globalSetup: ['test/support/chromiumSetup.ts'],
    browser: {
      enabled: true,
      provider: playwright({ launchOptions: chromiumLaunchOptions }),
      instances: [{ browser: 'chromium' }],
      headless: true,
      screenshotFailures: false,
      // No pages of ours to look at.
      ui: false,
    },
    // After what runs in Node, and two pages at a time: real networks and deadlines want a calm machine.
    sequence: { groupOrder: 1 },
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
