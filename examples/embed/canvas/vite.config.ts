import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { simplePeerForBrowsers } from '../../../scripts/simplePeerForBrowsers.ts'

// Only here, where the library is built from its sources. Pages that install the package need none of this.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [simplePeerForBrowsers()],
  resolve: { conditions: ['openconvoy-source', 'browser'] },
  build: {
    outDir: fileURLToPath(new URL('../../../.cache/canvas', import.meta.url)),
    emptyOutDir: true,
    // main.ts waits at its top level.
    target: 'es2022',
  },
})
