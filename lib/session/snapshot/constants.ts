/**
 * Bytes of entries after which a host takes a snapshot: some 300 decisions. Who joins is handed those that follow the last one,
 * 100 kB at most as a rule, which takes a phone's uplink a second.
 */
export const snapshotEveryBytes = 100_000

/** So many times as many bytes of entries as the state has, at least: where that is large, it must not be made all the time. */
export const entriesPerState = 2

/**
 * Bytes of the state of a record. A convoy of 64 with 500 bans and mods takes 200 kB (reckoned); where all lists are full and
 * all texts at their longest it may be more, and no snapshot is taken.
 */
export const stateBytes = 1_400_000

/** Bytes of a snapshot as it is handed over: two states, and the entries that prove its host. A link takes 4 MB at once. */
export const bundleBytes = 3_000_000

/** Entries handed over with a snapshot to prove its host, and who was host afterwards, each. */
export const bundleEntries = 1_000

/** Members gone that a record remembers: how each went, and its name. Those that were kicked are forgotten last. */
export const mostDepartures = 512

/** Members in the slow lane, present or not. */
export const mostRestricted = 512
