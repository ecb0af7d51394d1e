import type { Link } from '../rtc/index.ts'
import type { Session } from '../session/index.ts'
import type { VehiclePublisher } from '../vehicle/index.ts'

/** Keeps the links with admitted members by their ids, and has vehicles published on each. */
export function followLinks(session: Session, publisher: VehiclePublisher): ReadonlyMap<string, Link> {
  const links = new Map<string, Link>()
  session.events.on('linkReady', ({ member, link }) => {
    links.set(member.id, link)
    publisher.add(link)
  })
  session.events.on('linkGone', ({ member }) => {
    const link = links.get(member.id)
    links.delete(member.id)
    if (link === undefined) return
    publisher.remove(link)
    // What it dropped stays in the whole.
    const { dropped } = link.quality()
    for (const [name, count] of Object.entries(dropped)) session.environment.dropped.add(name, count)
  })
  for (const { member, admitted, control } of session.peers()) {
    if (!admitted || control === undefined) continue
    links.set(member.id, control.link)
    publisher.add(control.link)
  }
  return links
}
