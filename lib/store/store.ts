import { ConvoyError } from '../core/index.ts'

/** One value of a collection. */
export interface StoreEntry {
  readonly key: string
  readonly value: Uint8Array
}

/** One step of {@link Store.batch}. */
export type StoreChange =
  | { readonly type: 'put'; readonly collection: string; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly collection: string; readonly key: string }

/** How a change is written. */
export interface WriteOptions {
  /**
   * Resolve only once the change would survive a loss of power, not merely the death of the process (default false).
   * Costs a flush of the disk, a few milliseconds. Pages leave it to the browser.
   */
  durable?: boolean | undefined
}

/** What {@link Store.entries} takes. */
export interface EntriesOptions {
  /** Begin with the first key that is not before this one. */
  from?: string | undefined
  /** Ends the iteration with `aborted`. */
  signal?: AbortSignal | undefined
}

/**
 * Bytes by key, in named collections, that outlive the process. Changes are made in the order in which they were asked
 * for; what has not resolved yet may be seen by a read or not.
 *
 * Names of collections have 1 to 32 lower-case letters; keys 1 to 200 characters of printable ASCII without space.
 * What is handed in is copied, what is handed out belongs to the caller.
 *
 * Everything throws ConvoyError: `invalid-argument` for a bad name or key, `closed` once closed, `store-failed` when
 * the disk refuses, `store-damaged` when a value that was sound at opening can't be read any more.
 */
export interface Store {
  /** The value; undefined where there is none. */
  get(collection: string, key: string): Promise<Uint8Array | undefined>
  put(collection: string, key: string, value: Uint8Array, options?: WriteOptions): Promise<void>
  /** Does nothing where there is none. */
  delete(collection: string, key: string, options?: WriteOptions): Promise<void>
  /** Makes all `changes`, in their order, or none. */
  batch(changes: readonly StoreChange[], options?: WriteOptions): Promise<void>
  /** The collection in the order of its keys. What changes meanwhile may show or not. */
  entries(collection: string, options?: EntriesOptions): AsyncIterable<StoreEntry>
  /** Finishes what is being written. Idempotent. */
  close(): Promise<void>
}

/** @throws ConvoyError `invalid-argument` when no collection may be called so. */
export function checkCollection(collection: string): void {
  if (!/^[a-z]{1,32}$/.test(collection)) {
    throw new ConvoyError('invalid-argument', 'A collection has a name of 1 to 32 lower-case letters.')
  }
}

/** @throws ConvoyError `invalid-argument` when no value may be put there. */
export function checkKey(collection: string, key: string): void {
  checkCollection(collection)
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new ConvoyError('invalid-argument', 'A key has 1 to 200 characters of printable ASCII, no space.')
  }
}

/** The error of a store that was closed. */
export function closedError(): ConvoyError {
  return new ConvoyError('closed', 'The store was closed. Open it again.')
}
