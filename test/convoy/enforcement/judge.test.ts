import { beforeEach, describe, expect, it } from 'vitest'
import type { Finding } from '../../../lib/convoy/enforcement/index.ts'
import { Judge, type JudgedMember } from '../../../lib/convoy/enforcement/judge.ts'
import { defaultPolicy, policyOf } from '../../../lib/convoy/enforcement/policy.ts'

let done: string[]
let judge: Judge
let fails: boolean
let restricted: Set<string>

const member = (id: string, others: Partial<JudgedMember> = {}): JudgedMember => ({
  id,
  drives: true,
  since: 0,
  restricted: restricted.has(id),
  ...others,
})

const speeding = (to: number, others: Partial<Finding> = {}): Finding => ({
  kind: 'speed',
  measured: 120,
  limit: 80,
  from: to - 5_000,
  to,
  count: 1,
  ...others,
})

/** A minute in: everybody has been here for long. */
const start = 60_000

function newJudge(policy = defaultPolicy): Judge {
  return new Judge(
    policy,
    {
      warn: (id, { kind, action }) => done.push(`${action} ${id} ${kind}`),
      restrict: (id, detail) => {
        if (fails) return Promise.reject(new Error('no majority'))
        if (detail === null) restricted.delete(id)
        else restricted.add(id)
        done.push(`restrict ${id}: ${detail}`)
        return Promise.resolve()
      },
      kick: (id, reason) => {
        done.push(`kick ${id}: ${reason}`)
        return Promise.resolve()
      },
    },
    0,
  )
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => {
  done = []
  fails = false
  restricted = new Set()
  judge = newJudge()
})

describe('the host’s own sight', () => {
  it('[ENF-31] warns at once, and puts who goes on for half a minute into the slow lane, with the reason', async () => {
    for (let time = 0; time < 40_000; time += 10_000) judge.saw(member('ben'), speeding(start + time))
    await settle()
    expect(done).toEqual([
      'warning ben speed',
      'warning ben speed',
      'restrict ben: You drive 120 km/h where 80 are allowed.',
      'slow-lane ben speed',
    ])
  })

  it('[ENF-35] is forgotten in time, and the slow lane ends', async () => {
    for (let time = 0; time < 40_000; time += 10_000) judge.saw(member('ben'), speeding(start + time))
    await settle()
    judge.look([member('ben')], start + 200_000)
    await settle()
    expect(done).not.toContain('released ben speed')
    judge.look([member('ben')], start + 360_000)
    await settle()
    expect(done.slice(-2)).toEqual(['restrict ben: null', 'released ben speed'])
    for (let time = 0; time < 3_000_000; time += 200_000)
      judge.saw(member('ben'), speeding(start + 400_000 + time))
    await settle()
    expect(restricted.size).toBe(0)
  })

  it('[ENF-34] removes who was asked for it, with the reason, and starts anew when it comes back', async () => {
    judge = newJudge(policyOf({ steps: { idle: { kick: 2 } } }))
    const idle = (to: number): Finding => speeding(to, { kind: 'idle', measured: 90, limit: 60 })
    judge.saw(member('ben'), idle(start))
    judge.saw(member('ben'), idle(start + 30_000))
    await settle()
    expect(done.at(-1)).toBe('kick ben: You have not moved for 90 s; the limit is 60 s.')
    judge.saw(member('ben'), idle(start + 60_000))
    await settle()
    expect(done.at(-1)).toBe('warning ben idle')
  })

  it('[ENF-33] is acted on later where nobody can decide right now', async () => {
    fails = true
    for (let time = 0; time < 40_000; time += 10_000) judge.saw(member('ben'), speeding(start + time))
    await settle()
    expect(restricted.size).toBe(0)
    fails = false
    judge.look([member('ben')], start + 41_000)
    await settle()
    expect([...restricted]).toEqual(['ben'])
  })
})

describe('what members say', () => {
  it('[ENF-22] counts once three of them agree; one that says it a hundred times is one', () => {
    for (let time = 0; time < 100; time++)
      judge.heard(member('liar'), member('ben'), speeding(start + time), start + 200)
    judge.heard(member('cem'), member('ben'), speeding(start + 300), start + 300)
    expect(done).toEqual([])
    judge.heard(member('dora'), member('ben'), speeding(start + 400), start + 400)
    expect(done).toEqual(['warning ben speed'])
  })

  it('[ENF-22] counts for what they all saw: the same kind, about the same time', () => {
    judge.heard(member('cem'), member('ben'), speeding(start), start)
    judge.heard(member('dora'), member('ben'), speeding(start + 60_000), start + 60_000)
    judge.heard(member('emil'), member('ben'), speeding(start + 120_000), start + 120_000)
    judge.heard(
      member('fay'),
      member('ben'),
      speeding(start + 120_000, { kind: 'teleport' }),
      start + 120_000,
    )
    judge.heard(member('gus'), member('cem'), speeding(start + 120_000), start + 120_000)
    expect(done).toEqual([])
  })

  it('[ENF-22] is one offence with what the host saw at that time', () => {
    judge.saw(member('ben'), speeding(start))
    for (const id of ['cem', 'dora', 'emil', 'fay'])
      judge.heard(member(id), member('ben'), speeding(start + 3_000), start + 3_000)
    judge = newJudge(policyOf({ steps: { speed: { slowLane: 2 } } }))
    judge.saw(member('ben'), speeding(start))
    for (const id of ['cem', 'dora', 'emil'])
      judge.heard(member(id), member('ben'), speeding(start + 3_000), start + 3_000)
    expect(done).toEqual(['warning ben speed', 'warning ben speed'])
  })

  it.each<[string, Partial<Finding>, Partial<JudgedMember>, Partial<JudgedMember>]>([
    ['of itself', {}, { id: 'ben' }, {}],
    ['of a ping that only the host can measure', { kind: 'ping' }, {}, {}],
    ['of the class, which the record says', { kind: 'class' }, {}, {}],
    ['of the speed of a spectator', {}, {}, { drives: false }],
    ['of what would be allowed', { measured: 70 }, {}, {}],
    ['of what ended before it began', { from: start + 1, to: start }, {}, {}],
    ['of the future', { to: start + 60_000 }, {}, {}],
    ['of long ago', { from: 0, to: start - 40_000 }, {}, {}],
    ['of before it came', {}, { since: start }, {}],
    ['of before the other one came', {}, {}, { since: start }],
  ])('[ENF-23] is dropped where nobody could have seen it: %s', (_name, finding, witness, subject) => {
    const refused = judge.heard(
      member('cem', witness),
      member('ben', subject),
      speeding(start, finding),
      start,
    )
    expect(refused).toBe('impossible')
  })

  it('[ENF-23] is dropped where it is about nobody who is here', () => {
    expect(judge.heard(member('cem'), undefined, speeding(start), start)).toBe('unknown')
  })
})

describe('a new host', () => {
  it('[ENF-37] keeps who is in the slow lane there until it has behaved for as long as offences count', async () => {
    restricted.add('ben')
    judge.look([member('ben')], 290_000)
    await settle()
    expect(done).toEqual([])
    judge.look([member('ben')], 301_000)
    await settle()
    expect(done[0]).toBe('restrict ben: null')
  })
})

describe('the policy', () => {
  it('[ENF-31] is the default where nothing is said', () => {
    expect(policyOf()).toEqual(defaultPolicy)
    expect(policyOf({ steps: { speed: { kick: 9 } } }).steps.speed).toEqual({ warn: 1, slowLane: 4, kick: 9 })
  })

  it.each([
    [{ witnesses: 1 }, 'enforcement.witnesses'],
    [{ forgetMs: 5 }, 'enforcement.forgetMs'],
    [{ steps: { speed: { warn: 0 } } }, 'enforcement.steps.speed.warn'],
    [{ steps: { tempo: {} } }, 'enforcement.steps'],
  ])('refuses %j by name', (options, name) => {
    expect(() => policyOf(options as never)).toThrow(name)
  })
})
