import { openLevelStore } from '#store/platform'
import { ConvoyError } from '../core/index.ts'
import { convoyStoreOn, type ConvoyStore, type ConvoyStoreOptions } from './convoyStore.ts'

/** What {@link openStore} takes. */
export interface OpenStoreOptions extends ConvoyStoreOptions {
  /** In Node a folder, which is made where there is none; in pages a name, of which each origin has its own. */
  path: string
  signal?: AbortSignal | undefined
}

/**
 * Opens a store, on LevelDB in Node and on IndexedDB in pages. All of it is read once, so that damage shows now: what can be
 * read is kept, what can't is set aside, and `damage` and the logger tell of it.
 *
 * The identity's seed lies in it unencrypted: in Node the folder is made for its owner only.
 * @throws ConvoyError `store-locked` when it is open elsewhere; `store-version` when a newer version wrote it; `store-failed`
 * when the disk refuses; `store-damaged` when it can't be repaired; `unsupported` where there is no IndexedDB; `aborted`.
 * @example
 * ```ts
 * const store = await openStore({ path: './convoy-data', logger: console })
 * const identity = createIdentity({ seed: await store.identity.seed() })
 * for (const { subject, detail } of await store.bans.list()) console.log(subject.kind, detail)
 * await store.close()
 * ```
 */
export async function openStore(options: OpenStoreOptions): Promise<ConvoyStore> {
  const { path, signal } = options
  if (path === '') throw new ConvoyError('invalid-argument', 'The option "path" is empty: name a folder.')
  const { store, damage } = await openLevelStore(path, signal)
  try {
    return await convoyStoreOn(store, options, damage)
  } catch (error) {
    await store.close()
    throw error
  }
}
