import type { Member } from 'openconvoy'
import { truckColor } from './palette.ts'

/** How a member's truck moves, as the table shows it. */
export interface Motion {
  /** m/s. */
  readonly speed: number
  /** Metres from the truck that is followed. */
  readonly distance: number
}

/** The table of members: who they are, how far and how fast; choosing one follows its truck. */
export class Roster {
  readonly #body: HTMLTableSectionElement
  readonly #choose: (memberId: string) => void
  readonly #rows = new Map<string, Row>()

  constructor(body: HTMLTableSectionElement, choose: (memberId: string) => void) {
    this.#body = body
    this.#choose = choose
  }

  /** Brings the table up to date; members without an entry in `motions` have no vehicle in sight. */
  show(members: readonly Member[], followed: string | undefined, motions: ReadonlyMap<string, Motion>): void {
    const present = new Set(members.map((member) => member.id))
    for (const [id, row] of this.#rows) {
      if (present.has(id)) continue
      row.element.remove()
      this.#rows.delete(id)
    }
    for (const member of members) {
      const row = this.#rows.get(member.id) ?? this.#addRow(member)
      const motion = motions.get(member.id)
      row.button.setAttribute('aria-pressed', String(member.id === followed))
      row.button.disabled = motion === undefined
      setText(row.name, nameOf(member))
      setText(row.ping, pingOf(member, members))
      setText(row.distance, motion === undefined ? '–' : `${Math.round(motion.distance)} m`)
      setText(row.speed, motion === undefined ? '–' : `${Math.round(motion.speed * 3.6)} km/h`)
    }
  }

  #addRow(member: Member): Row {
    const element = this.#body.insertRow()
    element.dataset.member = member.id
    const button = document.createElement('button')
    const name = document.createElement('span')
    button.type = 'button'
    button.style.setProperty('--truck', truckColor(member.slot))
    button.append(name)
    button.addEventListener('click', () => this.#choose(member.id))
    element.insertCell().append(button)
    const [ping, distance, speed] = [element.insertCell(), element.insertCell(), element.insertCell()]
    const row = { element, button, name, ping, distance, speed }
    this.#rows.set(member.id, row)
    return row
  }
}

interface Row {
  readonly element: HTMLTableRowElement
  readonly button: HTMLButtonElement
  readonly name: HTMLElement
  readonly ping: HTMLElement
  readonly distance: HTMLElement
  readonly speed: HTMLElement
}

function nameOf(member: Member): string {
  if (member.presence === 'self') return `${member.name} (you)`
  return member.role === 'host' ? `${member.name} (host)` : member.name
}

/** The round trip of the direct link, or who forwards where that carries nothing. */
function pingOf({ pingMs, via }: Member, members: readonly Member[]): string {
  const forwarder = members.find(({ id }) => id === via)
  if (forwarder !== undefined) return `via ${forwarder.name}`
  return pingMs === undefined ? '–' : `${Math.round(pingMs)} ms`
}

/** Leaves what is the same alone: screen readers and the layout then have nothing to do. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
