import { defineConfig } from 'vitest/config'

// Tests run the sources, not the build: see "openconvoy-source" in package.json.
const conditions = ['openconvoy-source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**'],
    // Real WebRTC on two busy cores: generous, since no test asserts speed.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
