import { describe, expect, it } from 'vitest'
import { disagreements, type Expected } from './agreement.ts'
import { decisionText } from './decisions.ts'
import { spareOf } from './faults.ts'
import type { MemberView } from './memberMessages.ts'
import { faultKinds, scheduleOf, type Fault } from './schedule.ts'
import { Watch } from './watch.ts'
import type { Seat } from './seat.ts'
import { defaultRules } from '../../lib/index.ts'

const take = (seed: number, count: number): Fault[] =>
  Array.from(
    { length: count },
    (() => {
      const faults = scheduleOf(seed, faultKinds)
      return () => faults.next().value
    })(),
  )

describe('the schedule of a chaos run', () => {
  it('is the same for the same seed, and another one for another seed', () => {
    expect(take(1, 100)).toEqual(take(1, 100))
    expect(take(1, 100)).not.toEqual(take(2, 100))
  })

  it('has every kind of fault, short ones and long ones, and leaves one member dead', () => {
    const faults = take(3, 300)
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds))
    expect(faults.filter(({ kind }) => kind === 'leave-dead')).toHaveLength(1)
    const stops = faults.filter(({ kind }) => kind === 'stop').map(({ lastsMs }) => lastsMs)
    expect(Math.min(...stops)).toBeLessThan(1_000)
    expect(Math.max(...stops)).toBeGreaterThan(15_000)
  })

  it('never has so many unwell at a time that the voters left are no majority', () => {
    expect([3, 4, 5, 6, 7, 8, 9, 10, 16].map(spareOf)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 4])
  })
})

const expected: Expected = {
  living: ['ada', 'bruno'],
  banned: 'outcast',
  decision: 7,
  vehicleErrorCm: 100,
  nameOf: (id) => id,
}

/** How Ada and Bruno have the convoy when all is well, except for `changes`. */
function view(memberId: 'ada' | 'bruno', changes: Partial<MemberView> = {}): MemberView {
  const other = memberId === 'ada' ? 'bruno' : 'ada'
  return {
    memberId,
    isHost: memberId === 'ada',
    hostId: 'ada',
    epoch: 2,
    state: 'active',
    voters: ['ada'],
    roster: [
      { id: 'ada', slot: 0, name: 'Ada' },
      { id: 'bruno', slot: 1, name: 'Bruno' },
    ],
    linkedTo: [other],
    rules: { ...defaultRules, welcomeMessage: decisionText(7) },
    record: { committed: 9, digest: 'abc' },
    vehicles: [{ memberId: other, errorCm: 3 }],
    ...changes,
  }
}

describe('exact recovery', () => {
  it('is when everybody has the same convoy', () => {
    expect(disagreements([view('ada'), view('bruno')], expected)).toEqual([])
  })

  it.each<[string, Partial<MemberView>]>([
    ['disagree on the epoch', { epoch: 3 }],
    ['disagree on the host', { hostId: 'bruno', isHost: true }],
    ['disagree on who votes', { voters: ['ada', 'bruno'] }],
    ['disagree on the roster', { roster: [{ id: 'bruno', slot: 0, name: 'Bruno' }] }],
    ['disagree on the rules', { rules: { ...defaultRules, welcomeMessage: decisionText(8) } }],
    ['disagree on the record', { record: { committed: 9, digest: 'abd' } }],
    ['has frozen rules', { state: 'frozen' }],
    ['is not sure whether it is host', { isHost: true }],
    ['follows outcast, which is dead', { hostId: 'outcast' }],
    ['has the banned one in its roster', { roster: [{ id: 'outcast', slot: 2, name: 'Outcast' }] }],
    ['lost decision 7: it has 6', { rules: { ...defaultRules, welcomeMessage: decisionText(6) } }],
    ['has no link to ada', { linkedTo: [] }],
    ['does not see ada', { vehicles: [] }],
    ['sees ada 101 cm from where it is', { vehicles: [{ memberId: 'ada', errorCm: 101 }] }],
  ])('is not when one %s', (complaint, changes) => {
    expect(disagreements([view('ada'), view('bruno', changes)], expected).join('; ')).toContain(complaint)
  })

  it('is not when one is in no convoy', () => {
    expect(disagreements([view('ada'), undefined], expected)).toContain('bruno is in no convoy')
  })
})

describe('what must never happen', () => {
  const seat = (memberId: string): Seat => ({ memberId, name: memberId, process: {} }) as unknown as Seat
  const watch = (): Watch => new Watch('outcast', (id) => id)

  it('is an epoch with two hosts', () => {
    const watched = watch()
    watched.onEvent(seat('ada'), { type: 'hostChanged', epoch: 3, hostId: 'ada' })
    watched.onView(seat('bruno'), view('bruno', { epoch: 3, isHost: true }))
    expect(watched.problems).toEqual(['Epoch 3 has two hosts: ada and bruno.'])
  })

  it('is a member that goes back to a former epoch in one life', () => {
    const watched = watch()
    const ada = seat('ada')
    watched.onView(ada, view('ada', { epoch: 3 }))
    watched.onView(ada, view('ada', { epoch: 2 }))
    expect(watched.problems).toEqual(['ada went back from epoch 3 to 2.'])
  })

  it('is the banned one let in once its ban is committed', () => {
    const watched = watch()
    watched.onEvent(seat('outcast'), { type: 'ready', invite: '' })
    expect(watched.problems).toEqual([])
    watched.isBanned = true
    watched.onEvent(seat('outcast'), { type: 'ready', invite: '' })
    expect(watched.problems).toEqual(['The banned one was let in.'])
  })

  it('is anybody else removed, or a process that ends by itself', () => {
    const watched = watch()
    watched.onEvent(seat('ada'), { type: 'removed', reason: 'lost', detail: '' })
    watched.onEvent(seat('ada'), { type: 'ended', message: 'The process ended (1).' })
    expect(watched.problems).toHaveLength(2)
  })
})
