import { createSystemClock, guardedLogger, silentLogger, type Clock, type Logger } from '../core/index.ts'
import { StoredBans, type BanRepository } from './bans.ts'
import { defaultStoreLimits, type StoreLimits } from './constants.ts'
import { Damages, type StoreDamage } from './damages.ts'
import { StoredIdentity, type IdentityRepository } from './identities.ts'
import type { FoundDamage } from './opened.ts'
import { StoredReports, type ReportRepository } from './reports.ts'
import { StoredSessions, type SessionRepository } from './sessions.ts'
import type { Store } from './store.ts'

/** What must outlive a process. Made by `openStore` of `openconvoy/store`. */
export interface ConvoyStore {
  readonly identity: IdentityRepository
  readonly bans: BanRepository
  readonly reports: ReportRepository
  readonly sessions: SessionRepository
  /** Damage that was found, at this opening or an earlier one; the last 100, oldest first. Also logged as an error. */
  readonly damage: readonly StoreDamage[]
  /** Finishes what is being written. Idempotent. */
  close(): Promise<void>
}

/** What {@link convoyStoreOn} takes. */
export interface ConvoyStoreOptions {
  /** How much is kept (see {@link StoreLimits} for the defaults). */
  limits?: Partial<StoreLimits> | undefined
  /** Told of damage (default: silent; see {@link ConvoyStore.damage}). */
  logger?: Logger | undefined
  clock?: Clock | undefined
}

/**
 * Keeps what must outlive a process in any {@link Store}: a `MemoryStore`, or one of your own.
 * @param found - damage found when `store` was opened.
 */
export async function convoyStoreOn(
  store: Store,
  { limits = {}, logger = silentLogger, clock = createSystemClock() }: ConvoyStoreOptions = {},
  found?: FoundDamage,
): Promise<ConvoyStore> {
  const within = { ...defaultStoreLimits, ...limits }
  const damages = await Damages.read(store, clock, guardedLogger(logger))
  if (found !== undefined) await damages.tell(found)
  return {
    identity: new StoredIdentity(store, damages),
    bans: new StoredBans(store, damages, clock, within),
    reports: new StoredReports(store, damages, within),
    sessions: new StoredSessions(store, damages, clock, within),
    get damage() {
      return damages.known
    },
    close: () => store.close(),
  }
}
