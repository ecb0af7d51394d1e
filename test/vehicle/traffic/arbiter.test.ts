import { describe, expect, it } from 'vitest'
import { Counters } from '../../../lib/core/index.ts'
import type { RecordMember, Session, SessionMember } from '../../../lib/session/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'
import type { Candidate } from '../../../lib/vehicle/traffic/candidates.ts'
import { TrafficArbiter } from '../../../lib/vehicle/traffic/trafficArbiter.ts'
import { trafficId } from '../../../lib/vehicle/traffic/trafficId.ts'
import type { TrafficAssignment } from '../../../lib/vehicle/traffic/trafficMessages.ts'
import { TrafficTable } from '../../../lib/vehicle/traffic/trafficTable.ts'

const ids = ['anna', 'ben', 'cleo']

/** Ben, in a session that Anna founded, with all that he hears and says. */
function ben() {
  const clock = new SimulatedClock()
  const table = new TrafficTable(clock, new Counters(), () => undefined)
  const members = ids.map(
    (id, slot) => ({ id, slot, presence: id === 'ben' ? 'self' : 'connected' }) as SessionMember,
  )
  const session = {
    environment: { clock },
    self: { id: 'ben' },
    host: { id: 'anna' },
    hostIsGone: false,
    roster: { present: members },
    peers: () =>
      members
        .filter(({ presence }) => presence !== 'self')
        .map(({ presence, ...member }) => ({ member, presence })),
  }
  const said: TrafficAssignment[][] = []
  const candidates: Candidate[] = ids.map((id) => ({ id, room: 9, place: undefined }))
  const arbiter = new TrafficArbiter({
    session: session as unknown as Session,
    table,
    candidates: () => candidates,
    bringUpToDate: () => undefined,
    apply: (assignment) => void table.assign(assignment),
    sendAssignments: (assignments) => {
      if (assignments.length > 0) said.push([...assignments])
    },
    sendRemovals: () => undefined,
  })
  const member = (id: string): RecordMember => ({ id, joinedAt: ids.indexOf(id) }) as RecordMember
  const loseHost = (): void => {
    session.hostIsGone = true
    members.splice(0, 1)
    candidates.splice(0, 1)
    table.forget('anna')
    arbiter.look()
  }
  const mute = (id: string): void => {
    const place = members.findIndex((each) => each.id === id)
    members[place] = { ...members[place], presence: 'suspect' } as SessionMember
  }
  return { clock, table, arbiter, said, member, mute, loseHost }
}

const vehicle = trafficId(2, 1)
const word = (owner: string, number: number): TrafficAssignment => ({
  id: vehicle,
  number,
  owner,
  model: '',
  place: [1, 2, 3, 0, 0],
})

describe('the arbiter of traffic', () => {
  it('[TRF-24] is the host, then the lowest slot, which makes the host’s last word its own and repeats it', async () => {
    const { clock, table, arbiter, said, member, loseHost } = ben()
    table.claim(member('cleo'), { id: vehicle, index: 1, number: 0, model: '' })
    table.assign(word('cleo', 4))
    arbiter.look()
    expect([arbiter.isSelf, said]).toEqual([false, []])
    loseHost()
    expect(arbiter.isSelf).toBe(true)
    expect(said.flat()).toMatchObject([{ owner: 'cleo', number: 5 }])
    for (let passed = 0; passed < 60_000; passed += 500) {
      await clock.run(500)
      arbiter.look()
    }
    expect(said.flat().map(({ number }) => number)).toEqual([5, 5, 5, 5])
  })

  it('[TRF-23] outbids a word of the lost host that it never heard, so that all follow one', () => {
    const { table, arbiter, said, member, loseHost } = ben()
    table.assign(word('ben', 1))
    loseHost()
    said.length = 0
    // Anna had told Cleo, and nobody else, that it is hers.
    table.claim(member('cleo'), { id: vehicle, index: 1, number: 9, model: '' })
    expect(table.vehicle(vehicle)?.ownerId).toBe('ben')
    arbiter.look()
    expect(said.flat()).toMatchObject([{ owner: 'ben', number: 10 }])
    arbiter.look()
    expect(said).toHaveLength(1)
  })

  it('[TRF-23] does not outbid what nobody can have told', () => {
    const { table, arbiter, said, member, loseHost } = ben()
    table.assign(word('ben', 1))
    loseHost()
    said.length = 0
    table.claim(member('cleo'), { id: vehicle, index: 1, number: 4_000_000_000, model: '' })
    arbiter.look()
    expect([said, table.vehicle(vehicle)?.ownerId]).toEqual([[], 'ben'])
  })

  it('[TRF-20] is not followed back to an older word', () => {
    const { table } = ben()
    table.assign(word('cleo', 3))
    expect(table.assign(word('anna', 3))).toBeUndefined()
    expect(table.assign(word('anna', 2))).toBeUndefined()
    expect(table.vehicle(vehicle)?.ownerId).toBe('cleo')
  })

  it('[TRF-21] takes nothing from members while it hears nobody: it is itself cut off', async () => {
    const { clock, table, arbiter, said, member, mute, loseHost } = ben()
    table.claim(member('cleo'), { id: vehicle, index: 1, number: 0, model: '' })
    loseHost()
    mute('cleo')
    await clock.run(5_000)
    arbiter.look()
    await clock.run(5_000)
    arbiter.look()
    expect(said).toEqual([])
  })
})
