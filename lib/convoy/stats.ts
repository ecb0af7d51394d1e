import { toHex } from '../core/index.ts'
import type { Session } from '../session/index.ts'
import type { ConvoyVehicles } from './convoyVehicles.ts'
import type { Enforcement } from './enforcement/index.ts'
import { forwardedQuality, overallQuality, qualityOf, type Quality } from './quality.ts'
import type { ConvoyStats } from './types.ts'

/** Of the committed entries, so that members that agree have the same. */
function recordStats({ record }: Session): ConvoyStats['record'] {
  const { committed, length, bytes } = record
  return { committed, held: length, bytes, digest: toHex(record.digestAt(committed) ?? new Uint8Array()) }
}

/** What a convoy has done so far, as plain data. */
export function statsOf(session: Session, vehicles: ConvoyVehicles, enforcement: Enforcement): ConvoyStats {
  const { links: openLinks, uplink, publisher, receiver, forwarding } = vehicles
  const dropped: Record<string, number> = {}
  const add = (counts: Readonly<Partial<Record<string, number>>>): void => {
    for (const [name, count = 0] of Object.entries(counts)) dropped[name] = (dropped[name] ?? 0) + count
  }
  add(session.environment.dropped.snapshot())
  add(receiver.dropped.snapshot())
  const links = [...openLinks].map(([memberId, link]) => {
    const quality = link.quality()
    add(quality.dropped)
    const { state } = link
    const budget = uplink.of(link)
    const forwarded = session.peer(memberId)?.via !== undefined
    return {
      memberId,
      state,
      ...quality,
      quality: forwarded
        ? forwardedQuality
        : qualityOf({ state, ...quality, congestion: budget?.cause ?? 'none' }),
      tier: budget?.tier,
      vehicleKbps: budget?.sentKbps ?? 0,
      budgetKbps: budget?.kbps ?? 0,
    }
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
    const ofMember = { ...session.environment.dropped.from(memberId), ...receiver.dropped.from(memberId) }
    const quarantine = session.quarantine.statusOf(memberId)
    if (Object.keys(ofMember).length === 0 && !quarantine.quarantined) return []
    const verificationsLeft = session.verifications.left(memberId)
    return [{ memberId, dropped: ofMember, ...quarantine, verificationsLeft }]
  })
  return {
    quality: overallQuality([...links.map((link) => link.quality), ...withoutLink]),
    updatesSent: publisher.updatesSent,
    updatesReceived: receiver.updatesReceived,
    bytesSent: links.reduce((sum, link) => sum + link.bytesSent, 0),
    bytesReceived: links.reduce((sum, link) => sum + link.bytesReceived, 0),
    links: links.map((link) => ({
      memberId: link.memberId,
      state: link.state,
      rttMs: link.rttMs,
      jitterMs: link.jitterMs,
      lossIn: link.lossIn,
      lossOut: link.lossOut,
      datagramsSkipped: link.datagramsSkipped,
      dropped: link.dropped,
      quality: link.quality,
      tier: link.tier,
      vehicleKbps: link.vehicleKbps,
      budgetKbps: link.budgetKbps,
    })),
    members,
    admission: session.hostRole?.load(),
    record: recordStats(session),
    enforcement: enforcement.stats,
    forwarding: { members: forwarding.received, forOthers: forwarding.forOthers },
    dropped,
  }
}
