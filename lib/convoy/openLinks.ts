import type { Link } from '../rtc/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import type { Uplink, VehiclePublisher } from '../vehicle/index.ts'
import type { ConvoyViewpoints } from './viewpoints.ts'

/** Who is told of links that come and go. */
export interface LinkUsers {
  readonly publisher: VehiclePublisher
  readonly uplink: Uplink
  readonly viewpoints: ConvoyViewpoints
}

/** Keeps the links with admitted members by their ids, and has vehicles published on each. */
export function followLinks(
  session: Session,
  { publisher, uplink, viewpoints }: LinkUsers,
): ReadonlyMap<string, Link> {
  const links = new Map<string, Link>()
  const add = (member: RecordMember, link: Link): void => {
    links.set(member.id, link)
    viewpoints.add(link, member.id)
    publisher.add(link, uplink.open(link))
  }
  session.events.on('linkReady', ({ member, link }) => add(member, link))
  session.events.on('linkGone', ({ member }) => {
    const link = links.get(member.id)
    if (link === undefined) return
    links.delete(member.id)
    publisher.remove(link)
    uplink.close(link)
    viewpoints.remove(link)
    // What it dropped stays in the whole.
    const { dropped } = link.quality()
    for (const [name, count] of Object.entries(dropped)) session.environment.dropped.add(name, count)
  })
  for (const { member, admitted, control } of session.peers()) {
    if (admitted && control !== undefined) add(member, control.link)
  }
  return links
}
