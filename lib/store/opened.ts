import type { Store } from './store.ts'

/** What was found to be wrong when a store was opened, or read. */
export interface FoundDamage {
  /** For people: what is damaged, what is kept, and where the rest is. */
  message: string
  /** Where what is damaged was put: a folder in Node; null where there was nothing to put aside. */
  aside: string | null
}

/** A store that was opened, and what was wrong with it. */
export interface OpenedStore {
  store: Store
  damage: FoundDamage | undefined
}
