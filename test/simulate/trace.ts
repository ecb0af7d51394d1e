import { toHex } from '../../lib/core/index.ts'
import type { Participant } from './participant.ts'
import { describeStep, type Step } from './plan.ts'

/** Tells what happens in a session, and what each member holds whenever that changes: for who looks into a seed. */
export class Trace {
  readonly #tell: (line: string) => void
  readonly #now: () => number
  readonly #last = new Map<string, string>()

  constructor(tell: (line: string) => void, now: () => number) {
    this.#tell = tell
    this.#now = now
  }

  step(step: Step): void {
    this.#line(describeStep(step))
  }

  look(participant: Participant): void {
    const holds = holdingsOf(participant)
    if (this.#last.get(participant.name) === holds) return
    this.#last.set(participant.name, holds)
    this.#line(`${participant.name.padEnd(4)}${holds}`)
  }

  #line(text: string): void {
    this.#tell(`${(this.#now() / 1_000).toFixed(2).padStart(7)} s  ${text}`)
  }
}

function holdingsOf({ convoy, process }: Participant): string {
  if (convoy === undefined) return 'out'
  const { record, authority, self, isAdrift, hostIsGone } = convoy.session
  const voters = record.voters.voters.map(
    ({ signKey }) => record.state.member(signKey)?.name ?? toHex(signKey).slice(0, 4),
  )
  const words = [
    `epoch ${record.epoch}/${authority.epoch}`,
    `entries ${record.committed}/${record.length}`,
    `digest ${toHex(record.digestAt(record.length) ?? new Uint8Array()).slice(0, 4)}`,
    `host ${convoy.host.name}`,
    `voters ${voters.join(' ')}${record.voters.witness === null ? '' : ' and a witness'}`,
    `linked ${[...convoy.session.peers()]
      .filter(({ admitted, control }) => admitted && control !== undefined)
      .map(({ member }) => member.name)
      .join(' ')}`,
  ]
  if (convoy.isHost) words.push(authority.isActive ? 'decides' : 'is host without a majority')
  else if (authority.isLeading) words.push('is elected')
  if (record.state.member(self.signKey) === undefined) words.push('not in the roster')
  if (hostIsGone) words.push('its host is gone')
  if (isAdrift) words.push('adrift')
  if (process?.running === false) words.push('does not run')
  return words.join(', ')
}
