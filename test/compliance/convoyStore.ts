// What a store of convoys keeps, over whatever store is below it. Runs in Node and in pages alike.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LogFields, Logger } from '../../lib/core/index.ts'
import { silentLogger } from '../../lib/core/index.ts'
import {
  convoyStoreOn,
  type StoredBanSubject,
  type ConvoyStore,
  type Store,
  type StoreLimits,
  type StoredBan,
} from '../../lib/store/index.ts'
import { SimulatedClock, simulationEpoch } from '../../lib/testing/index.ts'
import type { StorePlace } from './store.ts'

const dayMs = 86_400_000

/** Runs the suite in places made by `makePlace`; `persists` as for `describeStore`. */
export function describeConvoyStore(
  name: string,
  makePlace: () => StorePlace | Promise<StorePlace>,
  { persists }: { persists: boolean },
): void {
  describe(`a convoy's store ${name}`, () => {
    let place: StorePlace
    let bytes: Store
    let store: ConvoyStore
    let clock: SimulatedClock
    let log: { message: string; fields: LogFields | undefined }[]

    async function use(limits: Partial<StoreLimits> = {}): Promise<void> {
      const logger: Logger = { ...silentLogger, error: (message, fields) => log.push({ message, fields }) }
      store = await convoyStoreOn(bytes, { clock, limits, logger })
    }

    /** As after a restart of the program. */
    async function restart(): Promise<void> {
      if (persists) {
        await store.close()
        bytes = await place.open()
      }
      await use()
    }

    beforeEach(async () => {
      place = await makePlace()
      bytes = await place.open()
      clock = new SimulatedClock()
      log = []
      await use()
    })

    afterEach(async () => {
      await store.close()
      await place.remove()
    })

    describe('identity', () => {
      it('is made at first use, once, and is the same after a restart', async () => {
        const [one, two] = await Promise.all([store.identity.seed(), store.identity.seed()])
        expect(one.length).toBe(32)
        expect(two).toEqual(one)
        await restart()
        expect(await store.identity.seed()).toEqual(one)
      })

      it('can be brought along', async () => {
        const seed = new Uint8Array(32).fill(5)
        await store.identity.seed()
        await store.identity.replace(seed)
        await restart()
        expect(await store.identity.seed()).toEqual(seed)
        await expect(store.identity.replace(new Uint8Array(31))).rejects.toMatchObject({
          code: 'invalid-argument',
        })
      })

      it('that was lost is not silently another one', async () => {
        const former = await store.identity.seed()
        await bytes.put('identity', 'own', Uint8Array.of(1, 2, 3))
        await expect(store.identity.seed()).rejects.toMatchObject({ code: 'store-damaged' })
        await restart()
        await expect(store.identity.seed()).rejects.toMatchObject({ code: 'store-damaged' })
        const fresh = await store.identity.seed({ replaceLost: true })
        expect(fresh).not.toEqual(former)
        await restart()
        expect(await store.identity.seed()).toEqual(fresh)
      })
    })

    describe('bans', () => {
      it('of all kinds are there after a restart, oldest first', async () => {
        const bans = subjects.map((subject, index) => ban(subject, { issuedAt: simulationEpoch - index }))
        for (const each of bans) await store.bans.put(each)
        await restart()
        expect(await store.bans.list()).toEqual(bans.toReversed())
      })

      it('are one a subject, and can be lifted', async () => {
        for (const subject of subjects) await store.bans.put(ban(subject, { detail: 'first' }))
        const second = ban(subjects[0]!, { detail: 'second' })
        await store.bans.put(second)
        for (const subject of subjects.slice(1)) await store.bans.delete(subject)
        await store.bans.delete(subjects[1]!)
        await restart()
        expect(await store.bans.list()).toEqual([second])
      })

      it('end when they say', async () => {
        const [short, long, endless] = [dayMs, 2 * dayMs, null].map((lasting, index) =>
          ban(subjects[index]!, {
            issuedAt: simulationEpoch + index,
            expiresAt: lasting && simulationEpoch + lasting,
          }),
        )
        for (const each of [short!, long!, endless!]) await store.bans.put(each)
        clock.advance(dayMs - 1)
        expect(await store.bans.list()).toEqual([short, long, endless])
        clock.advance(1)
        expect(await store.bans.list()).toEqual([long, endless])
        clock.advance(dayMs)
        expect(await store.bans.list()).toEqual([endless])
      })

      it('are refused rather than dropped when there are too many', async () => {
        await use({ bans: 2 })
        await store.bans.put(ban(subjects[0]!, { expiresAt: simulationEpoch + dayMs }))
        await store.bans.put(ban(subjects[1]!))
        await expect(store.bans.put(ban(subjects[2]!))).rejects.toMatchObject({ code: 'store-full' })
        await store.bans.put(ban(subjects[1]!, { detail: 'again' }))
        clock.advance(dayMs)
        await store.bans.put(ban(subjects[2]!))
        expect((await store.bans.list()).length).toBe(2)
      })

      it('that are malformed are refused', async () => {
        const malformed = [
          ban({ kind: 'identity', signKey: new Uint8Array(31) }),
          ban({ kind: 'claim', claim: 'ä' }),
          ban({ kind: 'invite', invite: new Uint8Array(65) }),
          ban(subjects[0]!, { detail: 'x'.repeat(201) }),
          ban(subjects[0]!, { expiresAt: NaN }),
          { ...ban(subjects[0]!), extra: 1 },
        ]
        for (const each of malformed) {
          await expect(store.bans.put(each)).rejects.toMatchObject({ code: 'invalid-argument' })
        }
        expect(await store.bans.list()).toEqual([])
      })

      it('that make no sense are set aside, with a message that names them, and the others hold', async () => {
        await store.bans.put(ban(subjects[0]!))
        await bytes.put('bans', 'identity/odd', Uint8Array.of(0x81, 0xa1, 0x78, 1))
        await bytes.put('bans', 'identity/odder', Uint8Array.of(0xc1))
        expect(await store.bans.list()).toEqual([ban(subjects[0]!)])
        const messages = [
          expect.stringMatching(/bans\/identity\/odd .*set aside/),
          expect.stringMatching(/bans\/identity\/odder .*set aside/),
        ]
        expect(log.map(({ message }) => message)).toEqual(messages)
        await restart()
        await store.bans.list()
        expect(log.length).toBe(2)
        expect(store.damage.map(({ message }) => message)).toEqual(messages)
        expect(store.damage[0]).toMatchObject({ at: simulationEpoch, aside: 'the collection quarantine' })
        expect(await bytes.get('quarantine', 'bans/identity/odder')).toEqual(Uint8Array.of(0xc1))
      })
    })

    describe('reports', () => {
      it('are there after a restart, newest first, with their files', async () => {
        for (const [index, id] of ['a', 'b', 'c'].entries()) {
          await store.reports.put(report(id, index), new Uint8Array(100 + index).fill(index))
        }
        await store.reports.delete('b')
        await restart()
        expect(await store.reports.list()).toEqual([
          { ...report('c', 2), bytes: 102 },
          { ...report('a', 0), bytes: 100 },
        ])
        expect(await store.reports.read('c')).toEqual(new Uint8Array(102).fill(2))
        expect(await store.reports.read('b')).toBeUndefined()
      })

      it('make room for newer ones, and say which had to go', async () => {
        await use({ reports: 3, reportsBytes: 1_000, reportBytes: 700 })
        for (const [index, id] of ['a', 'b', 'c'].entries()) {
          expect(await store.reports.put(report(id, index), new Uint8Array(300))).toEqual([])
        }
        expect(ids(await store.reports.put(report('d', 3), new Uint8Array(100)))).toEqual(['a'])
        expect(ids(await store.reports.put(report('e', 4), new Uint8Array(700)))).toEqual(['b', 'c'])
        expect(ids(await store.reports.list())).toEqual(['e', 'd'])
        for (const id of ['a', 'b', 'c']) expect(await store.reports.read(id)).toBeUndefined()
        // In place of itself, nobody else has to go.
        expect(await store.reports.put(report('e', 5), new Uint8Array(500))).toEqual([])
      })

      it('that are too large or malformed are refused, and cost no other', async () => {
        await use({ reportBytes: 100 })
        await store.reports.put(report('a', 0), new Uint8Array(100))
        await expect(store.reports.put(report('b', 1), new Uint8Array(101))).rejects.toMatchObject({
          code: 'store-full',
        })
        await expect(
          store.reports.put({ ...report('b', 1), category: 'two words' }, new Uint8Array(1)),
        ).rejects.toMatchObject({ code: 'invalid-argument' })
        await expect(store.reports.put(report('', 1), new Uint8Array(1))).rejects.toMatchObject({
          code: 'invalid-argument',
        })
        expect(ids(await store.reports.list())).toEqual(['a'])
      })
    })

    describe('records of sessions', () => {
      it('are there after a restart, entry by entry', async () => {
        await store.sessions.write(session(1), 0, entries(0, 3))
        await store.sessions.write(session(2), 0, entries(50, 1))
        clock.advance(1_000)
        await store.sessions.write(session(1), 3, entries(3, 20))
        await restart()
        expect(await store.sessions.read(session(1))).toEqual(entries(0, 23))
        expect(await store.sessions.read(session(1), 21)).toEqual(entries(21, 2))
        expect(await store.sessions.read(session(1), 23)).toEqual([])
        expect(await store.sessions.read(session(2))).toEqual(entries(50, 1))
        expect(await store.sessions.read(session(3))).toEqual([])
        expect(await store.sessions.list()).toEqual([
          { sessionId: session(1), entries: 23, bytes: 230, writtenAt: simulationEpoch + 1_000 },
          { sessionId: session(2), entries: 1, bytes: 10, writtenAt: simulationEpoch },
        ])
      })

      it('have no gaps, and what is written again takes the place of all that follows', async () => {
        await store.sessions.write(session(1), 0, entries(0, 5))
        await expect(store.sessions.write(session(1), 6, entries(6, 1))).rejects.toMatchObject({
          code: 'invalid-argument',
        })
        await expect(store.sessions.write(session(1), -1, entries(0, 1))).rejects.toMatchObject({
          code: 'invalid-argument',
        })
        await store.sessions.write(session(1), 2, entries(20, 1))
        expect(await store.sessions.read(session(1))).toEqual([...entries(0, 2), ...entries(20, 1)])
        expect(await store.sessions.list()).toMatchObject([{ entries: 3, bytes: 30 }])
      })

      it('are cut, with a message, before an entry that was lost, and go on from there', async () => {
        await store.sessions.write(session(1), 0, entries(0, 5))
        const lost: string[] = []
        for await (const { key } of bytes.entries('entries')) lost.push(key)
        await bytes.delete('entries', lost[3]!)
        expect(await store.sessions.read(session(1))).toEqual(entries(0, 3))
        expect(log.map(({ message }) => message)).toEqual([expect.stringMatching(/ends at entry 3/)])
        await store.sessions.write(session(1), 3, entries(3, 1))
        await restart()
        expect(await store.sessions.read(session(1))).toEqual(entries(0, 4))
        expect(log.length).toBe(1)
      })

      it('make room for those that are written to', async () => {
        await use({ sessions: 2, sessionsBytes: 100 })
        for (const number of [1, 2, 1, 3]) {
          clock.advance(1)
          const from = (await store.sessions.read(session(number))).length
          await store.sessions.write(session(number), from, entries(from, 3))
        }
        expect(numbers(await store.sessions.list())).toEqual([3, 1])
        expect(await store.sessions.read(session(2))).toEqual([])
        clock.advance(1)
        await store.sessions.write(session(3), 3, entries(3, 2))
        expect(numbers(await store.sessions.list())).toEqual([3])
        await expect(store.sessions.write(session(3), 5, entries(5, 6))).rejects.toMatchObject({
          code: 'store-full',
        })
        expect(await store.sessions.read(session(3))).toEqual(entries(0, 5))
        await store.sessions.delete(session(3))
        expect(await store.sessions.list()).toEqual([])
      })

      it('can be written and read at once', async () => {
        const work = Array.from({ length: 30 }, (_, number) => [
          store.sessions.write(session(1), number, entries(number, 1)),
          store.sessions.read(session(1)),
        ])
        await Promise.all(work.flat())
        expect(await store.sessions.read(session(1))).toEqual(entries(0, 30))
        expect(store.damage).toEqual([])
      })
    })
  })
}

const subjects: StoredBanSubject[] = [
  { kind: 'identity', signKey: new Uint8Array(32).fill(1) },
  { kind: 'claim', claim: 'steam:123' },
  { kind: 'invite', invite: new Uint8Array(16).fill(3) },
  { kind: 'identity', signKey: new Uint8Array(32).fill(2) },
]

function ban(subject: StoredBanSubject, changes: Partial<StoredBan> = {}): StoredBan {
  return {
    subject,
    detail: 'rammed',
    by: new Uint8Array(32).fill(9),
    issuedAt: simulationEpoch,
    expiresAt: null,
    sessionId: session(1),
    ...changes,
  }
}

function report(id: string, index: number) {
  return {
    id,
    sessionId: session(1),
    reporter: new Uint8Array(32).fill(4),
    subject: new Uint8Array(32).fill(5),
    category: 'ramming',
    filedAt: simulationEpoch + index,
  }
}

function ids(reports: readonly { id: string }[]): string[] {
  return reports.map(({ id }) => id)
}

function session(number: number): Uint8Array {
  return new Uint8Array(16).fill(number)
}

function numbers(sessions: readonly { sessionId: Uint8Array }[]): (number | undefined)[] {
  return sessions.map(({ sessionId }) => sessionId[0])
}

function entries(from: number, length: number): Uint8Array[] {
  return Array.from({ length }, (_, index) => new Uint8Array(10).fill(from + index))
}
