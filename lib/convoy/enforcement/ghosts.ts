import type { SessionMember, Session } from '../../session/index.ts'
import type { VehicleReceiver } from '../../vehicle/index.ts'

/** Shows as ghosts those that the record has in the slow lane, and paused ones where the rules want it: [ENF-34], [ENF-38]. */
export function followGhosts(session: Session, receiver: VehicleReceiver): void {
  const show = ({ id, restricted }: SessionMember): void => receiver.setGhost(id, restricted !== null)
  session.members().forEach(show)
  session.events.on('memberJoined', show)
  session.events.on('memberChanged', show)
  receiver.pausedAreGhosts = session.record.state.rules.inMenuGhosting
  session.events.on('rulesChanged', ({ rules }) => (receiver.pausedAreGhosts = rules.inMenuGhosting))
}
