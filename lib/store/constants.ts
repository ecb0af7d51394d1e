/** How much a store keeps, at most. What is too much goes by age, oldest first, except bans: see each. */
export interface StoreLimits {
  /** Bans in force; more are refused, since dropping one would let somebody in (default 10,000: years of one host). */
  bans: number
  /** Reports; the oldest go (default 200). */
  reports: number
  /** Bytes of one report; larger ones are refused (default 4 MiB: a minute of a full convoy takes below 1). */
  reportBytes: number
  /** Bytes of all reports together; the oldest go (default 32 MiB: opening reads the whole store once). */
  reportsBytes: number
  /** Sessions whose record is kept; those written to longest ago go (default 32). */
  sessions: number
  /** Bytes of all records together; sessions written to longest ago go (default 32 MiB). */
  sessionsBytes: number
}

/** See {@link StoreLimits}. */
export const defaultStoreLimits: StoreLimits = {
  bans: 10_000,
  reports: 200,
  reportBytes: 4 * 2 ** 20,
  reportsBytes: 32 * 2 ** 20,
  sessions: 32,
  sessionsBytes: 32 * 2 ** 20,
}

/** Bytes of one typed value: the largest, a ban, takes below 1,000. */
export const valueBytes = 4_096

/** Findings of damage that are remembered: enough to see that a disk is failing. */
export const damagesKept = 100

/** Where a value goes that can't be understood: for people to look at. */
export const quarantine = 'quarantine'
