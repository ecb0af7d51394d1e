// What every store has to keep, wherever its bytes lie. Runs in Node and in pages alike.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom, type RandomSource } from '../../lib/core/index.ts'
import type { Store, StoreChange } from '../../lib/store/index.ts'

/** A place where a store can be, empty at first. */
export interface StorePlace {
  /** Opens the store there. */
  open(): Promise<Store>
  /** Does away with it, after all that was opened is closed. */
  remove(): Promise<void>
}

/** Steps of the comparison with a Map: each step on a disk takes about a millisecond. */
const modelSteps = 300

/**
 * Runs the suite in places made by `makePlace`.
 * @param persists - whether what is stored is there when the place is opened again, and open once at a time.
 */
export function describeStore(
  name: string,
  makePlace: () => StorePlace | Promise<StorePlace>,
  { persists }: { persists: boolean },
): void {
  describe(`a store ${name}`, () => {
    let place: StorePlace
    let store: Store

    beforeEach(async () => {
      place = await makePlace()
      store = await place.open()
    })

    afterEach(async () => {
      await store.close()
      await place.remove()
    })

    it('gives back the bytes it was given, none and a mebibyte alike', async () => {
      const values = [new Uint8Array(0), Uint8Array.of(0), seededRandom(1).bytes(2 ** 20)]
      for (const [index, value] of values.entries()) await store.put('things', `key${index}`, value)
      for (const [index, value] of values.entries()) {
        expect(await store.get('things', `key${index}`)).toEqual(value)
      }
    })

    it('knows nothing of what was never put, or was deleted', async () => {
      await store.put('things', 'key', Uint8Array.of(1))
      await store.delete('things', 'key')
      await store.delete('things', 'never')
      expect(await store.get('things', 'key')).toBeUndefined()
      expect(await store.get('things', 'never')).toBeUndefined()
      expect(await all(store, 'things')).toEqual([])
    })

    it('copies what goes in and what comes out', async () => {
      const buffer = Uint8Array.of(9, 1, 2, 9)
      const value = buffer.subarray(1, 3)
      const writing = store.put('things', 'key', value)
      value.fill(7)
      await writing
      const read = await store.get('things', 'key')
      expect(read).toEqual(Uint8Array.of(1, 2))
      expect(read!.buffer.byteLength).toBe(2)
      read!.fill(7)
      expect(await store.get('things', 'key')).toEqual(Uint8Array.of(1, 2))
    })

    it('keeps collections apart, whatever they and their keys are called', async () => {
      const places = ['ban', 'bans', 'b'].flatMap((collection) =>
        ['!', '"', 's!x', 'x', '~'].map((key) => [collection, key] as const),
      )
      for (const [index, [collection, key]] of places.entries()) {
        await store.put(collection, key, Uint8Array.of(index))
      }
      for (const [index, [collection, key]] of places.entries()) {
        expect(await store.get(collection, key)).toEqual(Uint8Array.of(index))
      }
      expect((await all(store, 'ban')).map(([key]) => key)).toEqual(['!', '"', 's!x', 'x', '~'])
      expect(await all(store, 'bansx')).toEqual([])
    })

    it('goes through a collection by the order of its keys, from where it is told', async () => {
      const keys = ['b', 'a/2', 'A', 'a/10', '~', '!', 'a']
      for (const key of keys) await store.put('things', key, Uint8Array.of(key.length))
      const sorted = ['!', 'A', 'a', 'a/10', 'a/2', 'b', '~']
      expect((await all(store, 'things')).map(([key]) => key)).toEqual(sorted)
      expect((await all(store, 'things', 'a/10')).map(([key]) => key)).toEqual(sorted.slice(3))
      expect((await all(store, 'things', 'a/11')).map(([key]) => key)).toEqual(sorted.slice(4))
    })

    it('can be changed while it is gone through', async () => {
      for (let number = 0; number < 250; number++) {
        await store.put('things', String(number).padStart(3, '0'), Uint8Array.of(number))
      }
      const seen: string[] = []
      for await (const { key } of store.entries('things')) {
        seen.push(key)
        await store.delete('things', key)
      }
      expect(seen.length).toBe(250)
      expect(await all(store, 'things')).toEqual([])
    })

    it('stops going through when aborted', async () => {
      for (const key of ['a', 'b', 'c']) await store.put('things', key, Uint8Array.of(1))
      const abort = new AbortController()
      const seen: string[] = []
      const reading = async (): Promise<void> => {
        for await (const { key } of store.entries('things', { signal: abort.signal })) {
          seen.push(key)
          abort.abort()
        }
      }
      await expect(reading()).rejects.toMatchObject({ code: 'aborted' })
      expect(seen).toEqual(['a'])
    })

    it('makes the changes of a batch in their order', async () => {
      await store.put('things', 'c', Uint8Array.of(0))
      await store.batch([
        put('a', 1),
        put('b', 2),
        put('a', 3),
        { type: 'delete', collection: 'things', key: 'b' },
        { type: 'delete', collection: 'things', key: 'c' },
        put('c', 4),
      ])
      expect(await all(store, 'things')).toEqual([
        ['a', [3]],
        ['c', [4]],
      ])
      await store.batch([])
    })

    it('makes no change of a batch of which one is refused', async () => {
      const outcome = store.batch([put('a', 1), put('not a key', 2)])
      await expect(outcome).rejects.toMatchObject({ code: 'invalid-argument' })
      expect(await all(store, 'things')).toEqual([])
    })

    it('refuses names that it could not keep', async () => {
      const refused = { code: 'invalid-argument' }
      for (const key of ['', ' ', 'ä', 'a\n', 'k'.repeat(201)]) {
        await expect(store.put('things', key, Uint8Array.of(1))).rejects.toMatchObject(refused)
        await expect(store.get('things', key)).rejects.toMatchObject(refused)
        await expect(store.delete('things', key)).rejects.toMatchObject(refused)
      }
      for (const collection of ['', 'Things', 'a!', 'c'.repeat(33)]) {
        await expect(store.put(collection, 'key', Uint8Array.of(1))).rejects.toMatchObject(refused)
        await expect(all(store, collection)).rejects.toMatchObject(refused)
      }
    })

    it('makes changes in the order in which they were asked for', async () => {
      const numbers = Array.from({ length: 100 }, (_, number) => number)
      await Promise.all(
        numbers.map((number) => store.put('things', `key${number % 7}`, Uint8Array.of(number))),
      )
      expect(await all(store, 'things')).toEqual(
        [98, 99, 93, 94, 95, 96, 97].map((number, index) => [`key${index}`, [number]]),
      )
    })

    it('finishes what was asked for before close, and refuses what comes after', async () => {
      const writing = store.put('things', 'key', Uint8Array.of(1))
      const closing = store.close()
      const closed = { code: 'closed' }
      await expect(store.put('things', 'key', Uint8Array.of(2))).rejects.toMatchObject(closed)
      await expect(store.get('things', 'key')).rejects.toMatchObject(closed)
      await expect(store.delete('things', 'key')).rejects.toMatchObject(closed)
      await expect(all(store, 'things')).rejects.toMatchObject(closed)
      await Promise.all([writing, closing, store.close()])
      if (!persists) return
      store = await place.open()
      expect(await store.get('things', 'key')).toEqual(Uint8Array.of(1))
    })

    it('holds what a Map would, after any changes', async () => {
      const random = seededRandom(5)
      const model = new Map<string, number[]>()
      for (let step = 0; step < modelSteps; step++) {
        const changes = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => anyChange(random))
        for (const change of changes) {
          if (change.type === 'put') model.set(change.key, [...change.value])
          else model.delete(change.key)
        }
        await store.batch(changes, { durable: random.next() < 0.05 })
        if (persists && random.next() < 0.02) {
          await store.close()
          store = await place.open()
        }
      }
      expect(await all(store, 'things')).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)))
    })

    it.runIf(persists)('is there again when opened again, and open once at a time', async () => {
      await store.put('things', 'key', Uint8Array.of(1), { durable: true })
      await expect(place.open()).rejects.toMatchObject({ code: 'store-locked' })
      // Trying did no harm.
      await store.put('things', 'other', Uint8Array.of(2))
      await store.close()
      store = await place.open()
      expect(await all(store, 'things')).toEqual([
        ['key', [1]],
        ['other', [2]],
      ])
    })
  })
}

function put(key: string, number: number): StoreChange {
  return { type: 'put', collection: 'things', key, value: Uint8Array.of(number) }
}

function anyChange(random: RandomSource): StoreChange {
  const key = `key${Math.floor(random.next() * 20)}`
  if (random.next() < 0.3) return { type: 'delete', collection: 'things', key }
  return { type: 'put', collection: 'things', key, value: random.bytes(Math.floor(random.next() * 200)) }
}

async function all(store: Store, collection: string, from?: string): Promise<[string, number[]][]> {
  const entries: [string, number[]][] = []
  for await (const { key, value } of store.entries(collection, { from })) entries.push([key, [...value]])
  return entries
}
