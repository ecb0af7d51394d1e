import { toHex } from '../../core/index.ts'
import { peekAnnouncement, peekEnvelope } from '../../identity/index.ts'

/** One announcement of each session, the one issued last, newest first. */
export function newestOfEach(envelopes: readonly Uint8Array[]): Uint8Array[] {
  const newest = new Map<string, { envelope: Uint8Array; issuedAt: number }>()
  for (const envelope of envelopes) {
    const issuedAt = peekEnvelope(envelope)?.issuedAt
    const sessionId = peekAnnouncement(envelope)
    if (issuedAt === undefined || sessionId === undefined) continue
    const known = newest.get(toHex(sessionId))
    if (known === undefined || known.issuedAt < issuedAt) newest.set(toHex(sessionId), { envelope, issuedAt })
  }
  return [...newest.values()].sort((a, b) => b.issuedAt - a.issuedAt).map(({ envelope }) => envelope)
}
