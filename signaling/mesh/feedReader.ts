import {
  isConvoyError,
  toHex,
  withDeadline,
  type Budget,
  type Clock,
  type Counters,
} from '../../lib/core/index.ts'
import { openAnnouncement, type Verify } from '../../lib/identity/index.ts'
import { firstFrameMs, meshVersion } from './constants.ts'
import { decodeFeedFrame, type FeedFrame } from './frames.ts'
import type { MeshStream } from './meshNetwork.ts'
import type { RemoteSessions } from './remoteSessions.ts'
import { takeWhenThere, type ServiceBudgets } from './serviceBudgets.ts'

/** What {@link readFeed} goes by. */
export interface ReadFeedOptions {
  /** Whose feed it is. */
  service: string
  clock: Clock
  sessions: RemoteSessions
  budgets: ServiceBudgets
  /** Shared by all services. */
  checks: Budget
  verify: Verify | undefined
  counters: Counters
  /** All that it holds was told. */
  synced: () => void
  /** A frame came. */
  heard: () => void
  /** Counts something wrong; once that was too much, `signal` aborts. */
  strike: (name: string) => void
  signal: AbortSignal
}

/** Takes what another service says of its sessions, checking each; resolves when it is over. */
export async function readFeed(stream: MeshStream, options: ReadFeedOptions): Promise<void> {
  const { service, sessions, clock, signal, heard, strike } = options
  // What it claimed before, and does not once all has been told again, it lost without a word.
  let former: Set<string> | undefined = new Set(sessions.of(service))
  let isFirst = true
  try {
    for (;;) {
      const next = stream.next()
      const bytes = await (isFirst ? withDeadline(clock, firstFrameMs, 'No feed came.', next, signal) : next)
      if (bytes === undefined) return
      heard()
      const frame = decoded(bytes)
      if (frame === undefined || (frame.type === 'feed') !== isFirst) {
        strike('mesh-malformed')
        if (isFirst || signal.aborted) return
        continue
      }
      if (frame.type === 'feed') {
        if (frame.version !== meshVersion) return options.counters.add('mesh-version')
        isFirst = false
      } else if (frame.type === 'synced') {
        for (const key of former ?? []) sessions.gone(service, key)
        former = undefined
        options.synced()
      } else if (frame.type !== 'beat') {
        const key = await take(frame, options)
        if (key !== undefined) former?.delete(key)
        heard()
      }
    }
  } catch (error) {
    if (!isConvoyError(error)) throw error
  } finally {
    stream.abort()
  }
}

/** @returns the key of the session that it was about; undefined where it was refused. */
async function take(
  frame: Extract<FeedFrame, { type: 'up' | 'away' | 'gone' }>,
  options: ReadFeedOptions,
): Promise<string | undefined> {
  const { service, sessions, clock, signal, budgets, checks, verify, counters, strike } = options
  if (frame.type !== 'up') {
    const key = toHex(frame.session)
    if (frame.type === 'away') sessions.away(service, key)
    else sessions.gone(service, key)
    return key
  }
  // As a client's: each change of host is two entries, with some signatures to check.
  const cost = 1 + Math.ceil(frame.proof.length / 2)
  await takeWhenThere(budgets.announcements, cost, clock, signal)
  await takeWhenThere(checks, cost, clock, signal)
  // Copies: they must not keep the whole frame alive.
  const envelope = frame.envelope.slice()
  const proof = frame.proof.map((entry) => entry.slice())
  try {
    const announcement = await openAnnouncement(envelope, { clock, verify, proof })
    if (signal.aborted) return undefined
    sessions.offer(service, { announcement, envelope, proof })
    return toHex(announcement.sessionId)
  } catch (error) {
    if (!isConvoyError(error)) throw error
    // It may have been on its way, or a clock is off: no proof of ill will.
    if (error.code === 'message-expired') counters.add('mesh-expired')
    else strike('mesh-unauthentic')
    return undefined
  }
}

function decoded(bytes: Uint8Array): FeedFrame | undefined {
  try {
    return decodeFeedFrame(bytes)
  } catch {
    return undefined
  }
}
