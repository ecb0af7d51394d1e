import { MemoryStore } from '../../lib/store/index.ts'
import { describeConvoyStore } from '../compliance/convoyStore.ts'
import { describeStore, type StorePlace } from '../compliance/store.ts'

function memory(): StorePlace {
  return { open: async () => new MemoryStore(), remove: async () => undefined }
}

describeStore('in memory', memory, { persists: false })
describeConvoyStore('in memory', memory, { persists: false })
