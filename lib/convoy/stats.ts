import type { Link } from '../rtc/index.ts'
import type { Session } from '../session/index.ts'
import type { Forwarding, VehiclePublisher, VehicleReceiver } from '../vehicle/index.ts'
import { forwardedQuality, overallQuality, qualityOf, type Quality } from './quality.ts'
import type { ConvoyStats } from './types.ts'

/** What a convoy has done so far, as plain data. */
export function statsOf(
  session: Session,
  openLinks: ReadonlyMap<string, Link>,
  publisher: VehiclePublisher,
  vehicles: VehicleReceiver,
  forwarding: Forwarding,
): ConvoyStats {
  const dropped: Record<string, number> = {}
  const add = (counts: Readonly<Partial<Record<string, number>>>): void => {
    for (const [name, count = 0] of Object.entries(counts)) dropped[name] = (dropped[name] ?? 0) + count
  }
  add(session.environment.dropped.snapshot())
  add(vehicles.dropped.snapshot())
  const links = [...openLinks].map(([memberId, link]) => {
    const quality = link.quality()
    add(quality.dropped)
    const forwarded = session.peer(memberId)?.via !== undefined
    const judged = forwarded ? forwardedQuality : qualityOf({ state: link.state, ...quality })
    return { memberId, state: link.state, ...quality, quality: judged }
  })
  const withoutLink: Quality[] = [...session.peers()]
    .filter(
      ({ member, presence, via }) => !openLinks.has(member.id) && (presence === 'away' || via !== undefined),
    )
    .map(({ via }) =>
      via !== undefined
        ? forwardedQuality
        : { level: 'broken', advice: 'There is no connection right now. It is being tried again.' },
    )
  const members = [...session.peers()].flatMap(({ member: { id: memberId } }) => {
    const ofMember = { ...session.environment.dropped.from(memberId), ...vehicles.dropped.from(memberId) }
    if (Object.keys(ofMember).length === 0) return []
    return [{ memberId, dropped: ofMember }]
  })
  return {
    quality: overallQuality([...links.map((link) => link.quality), ...withoutLink]),
    updatesSent: publisher.updatesSent,
    updatesReceived: vehicles.updatesReceived,
    bytesSent: links.reduce((sum, link) => sum + link.bytesSent, 0),
    bytesReceived: links.reduce((sum, link) => sum + link.bytesReceived, 0),
    links: links.map(
      ({ memberId, state, rttMs, jitterMs, lossIn, lossOut, datagramsSkipped, dropped, quality }) => ({
        memberId,
        state,
        rttMs,
        jitterMs,
        lossIn,
        lossOut,
        datagramsSkipped,
        dropped,
        quality,
      }),
    ),
    members,
    forwarding: { members: forwarding.received, forOthers: forwarding.forOthers },
    dropped,
  }
}
