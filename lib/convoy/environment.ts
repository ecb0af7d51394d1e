import {
  Counters,
  createSystemClock,
  guardedLogger,
  hostFitness,
  isConvoyError,
  silentLogger,
  systemRandom,
  type Clock,
  type ConvoyError,
  type Logger,
  type RandomSource,
} from '../core/index.ts'
import { createIdentity, inviteHints, isInviteHint } from '../identity/index.ts'
import { rendezvousFrom, type Rendezvous, type Witness } from '../rendezvous/index.ts'
import { defaultConnector, establishLink, type Link } from '../rtc/index.ts'
import type { SessionEnvironment } from '../session/index.ts'
import { iceOf } from './iceOptions.ts'
import { IceSupply } from './iceSupply.ts'
import type { ConvoyOptions, RendezvousSource } from './types.ts'

/** The platform parts of a convoy, with the defaults filled in. */
export interface Platform {
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
}

/** @internal What simulations make a convoy with besides its options; no part of the public face. */
export interface SimulationHooks {
  /** What the session stands on instead: with faults, with links that tamper with what they carry. */
  readonly alterEnvironment?: (environment: SessionEnvironment) => SessionEnvironment
}

/** What `options` leave out, filled in. */
export function platformOf(options: ConvoyOptions): Platform {
  return {
    clock: options.clock ?? createSystemClock(),
    random: options.random ?? systemRandom,
    logger: options.logger === undefined ? silentLogger : guardedLogger(options.logger),
  }
}

/**
 * What a session stands on.
 * @param ice - the STUN and TURN servers of `options` and of the rendezvous.
 * @param open - opens the rendezvous once more, for when their witness is needed.
 * @throws ConvoyError `webrtc-missing`.
 */
export async function environmentOf(
  options: ConvoyOptions & SimulationHooks,
  platform: Platform,
  ice: IceSupply,
  open: () => OpenedRendezvous,
): Promise<SessionEnvironment> {
  const connector = options.connector ?? (await defaultConnector())
  const { clock, random, logger } = platform
  // Nothing that lives on may hold the options: there is a password in them.
  const { budgets, alterEnvironment, iceTransportPolicy } = options
  const environment: SessionEnvironment = {
    ...platform,
    identity: options.identity ?? createIdentity({ random }),
    dropped: new Counters(),
    hostFitness,
    witnesses: (use, signal) => withWitnesses(open(), use, signal),
    ...(options.channels === undefined ? {} : { channels: options.channels }),
    ...(options.verify === undefined ? {} : { verify: options.verify }),
    ...(options.budgets === undefined ? {} : { budgets: options.budgets }),
    connect: (link) => {
      const connect = (): Promise<Link> =>
        establishLink({
          connector,
          clock,
          random,
          logger,
          iceServers: () => ice.servers(),
          ...(iceTransportPolicy === undefined ? {} : { iceTransportPolicy }),
          ...(budgets === undefined ? {} : { budgets }),
          ...link,
        })
      return ice.isOverdue ? ice.renewed().then(connect) : connect()
    },
  }
  return alterEnvironment?.(environment) ?? environment
}

/**
 * The STUN and TURN servers of a convoy. Close it with the convoy.
 * @throws ConvoyError `invalid-argument` where those of `options` are none.
 */
export function iceSupplyOf(
  options: ConvoyOptions,
  { clock, logger }: Platform,
  rendezvous: readonly Rendezvous[],
  open: () => OpenedRendezvous,
): IceSupply {
  return new IceSupply({ own: iceOf(options).own, rendezvous, open, clock, logger })
}

/** Rendezvous to work with, and how to close those that were made here. */
export interface OpenedRendezvous {
  readonly all: readonly Rendezvous[]
  close(): Promise<void>
}

/**
 * Makes a rendezvous of each address; those of the embedding program are used as they are, and left open. Hints of a kind that one
 * of those takes are followed by it, and hints of an unknown kind are left to the others.
 * @throws ConvoyError `invalid-argument`; `unsupported` when there is no other.
 */
export function openRendezvous(sources: readonly RendezvousSource[], platform: Platform): OpenedRendezvous {
  const given = sources.filter((source) => typeof source !== 'string')
  const own: Rendezvous[] = []
  let unknown: ConvoyError | undefined
  for (const source of new Set(sources.filter((source) => typeof source === 'string'))) {
    if (given.some((each) => each.follow?.(source) === true)) continue
    try {
      own.push(rendezvousFrom(source, platform))
    } catch (error) {
      if (!isConvoyError(error, 'unsupported')) throw error
      unknown ??= error
    }
  }
  if (unknown !== undefined && given.length + own.length === 0) throw unknown
  return {
    all: [...given, ...own],
    close: async () => {
      await Promise.all(own.map((each) => each.close()))
    },
  }
}

/** What leads to `rendezvous` in an invite: of those with several addresses as many as there is room for. */
export function hintsOf({ all }: OpenedRendezvous): string[] {
  // One of the embedder's own may have no address that others could use.
  const single = all.filter((each) => each.hints === undefined).map((each) => each.hint)
  const several = all.flatMap((each) => each.hints ?? [])
  const [hints, more] = [single.filter(isInviteHint), several.filter(isInviteHint)]
  return [...hints, ...more.slice(0, Math.max(0, inviteHints - hints.length))]
}

/** One or many as many. */
export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

/** Hands the witnesses of `rendezvous` to `use`, then closes those. One that can't be reached has none. */
async function withWitnesses<T>(
  rendezvous: OpenedRendezvous,
  use: (witnesses: readonly Witness[]) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    const found = await Promise.all(
      rendezvous.all.map(async (each) => {
        try {
          return await each.witness?.(signal)
        } catch {
          return undefined
        }
      }),
    )
    return await use(found.filter((witness) => witness !== undefined))
  } finally {
    await rendezvous.close()
  }
}
