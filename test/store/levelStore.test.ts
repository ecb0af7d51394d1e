import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelStore } from '../../lib/store/platform.ts'
import { describeConvoyStore } from '../compliance/convoyStore.ts'
import { describeStore, type StorePlace } from '../compliance/store.ts'

async function folder(): Promise<StorePlace> {
  const path = await mkdtemp(join(tmpdir(), 'openconvoy-store-'))
  return {
    open: async () => (await openLevelStore(path)).store,
    remove: () => rm(path, { recursive: true }),
  }
}

describeStore('on LevelDB in a folder', folder, { persists: true })
describeConvoyStore('on LevelDB in a folder', folder, { persists: true })
