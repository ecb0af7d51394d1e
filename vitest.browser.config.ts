import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { levelForBrowsers } from './scripts/buildLevelVendor.ts'
import { simplePeerForBrowsers } from './scripts/simplePeerForBrowsers.ts'
import { chromiumLaunchOptions } from './test/support/chromium.ts'

/** Those that openconvoy/libp2p imports in pages. */
const libp2pPackages = [
  '@chainsafe/libp2p-noise',
  '@chainsafe/libp2p-yamux',
  '@libp2p/autonat',
  '@libp2p/circuit-relay-v2',
  '@libp2p/crypto/keys',
  '@libp2p/dcutr',
  '@libp2p/gossipsub',
  '@libp2p/identify',
  '@libp2p/kad-dht',
  '@libp2p/peer-id',
  '@libp2p/ping',
  '@libp2p/websockets',
  '@multiformats/multiaddr',
  'libp2p',
]

// Tests that run inside a page of a real browser: test/browser/*.page.test.ts.
export default defineConfig({
  plugins: [simplePeerForBrowsers(), levelForBrowsers()],
  resolve: { conditions: ['openconvoy-source', 'browser'] },
  // Named, not found on the way: finding one more reloads the page in the middle of its tests.
  optimizeDeps: {
    noDiscovery: true,
    include: ['@msgpack/msgpack', 'tweetnacl', 'valibot', ...libp2pPackages],
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
