import { describe, expect, it } from 'vitest'
import { Level } from '#level'
import { seededRandom } from '../../lib/core/index.ts'
import { convoyStoreOn, openStore } from '../../lib/store/index.ts'
import { openLevelStore } from '../../lib/store/platform.browser.ts'
import { describeConvoyStore } from '../compliance/convoyStore.ts'
import { describeStore, type StorePlace } from '../compliance/store.ts'

let places = 0

function newName(): string {
  return `store-${places++}`
}

function remove(name: string): Promise<void> {
  const { destroy } = Level as unknown as { destroy: (location: string) => Promise<void> }
  return destroy(name)
}

function database(): StorePlace {
  const name = newName()
  return { open: async () => (await openLevelStore(name)).store, remove: () => remove(name) }
}

describeStore('on IndexedDB in a page', database, { persists: true })
describeConvoyStore('on IndexedDB in a page', database, { persists: true })

describe('a store on IndexedDB', () => {
  it('sets aside what was damaged, tells of it, and keeps the rest', async () => {
    const name = newName()
    const store = await openStore({ path: name })
    const seed = await store.identity.seed()
    const bans = await Promise.all(
      [1, 2, 3].map(async (number) => {
        await store.bans.put(ban(number))
        return ban(number)
      }),
    )
    await store.close()

    const random = seededRandom(3)
    const raw = new Level<string, Uint8Array>(name, { valueEncoding: 'view' })
    const keys = (await raw.keys().all()).filter((key) => key.startsWith('bans!'))
    const damaged = await raw.get(keys[1]!)
    damaged[Math.floor(random.next() * damaged.length)]! ^= 4
    await raw.put(keys[1]!, damaged)
    await raw.del(keys[2]!)
    await raw.close()

    const messages: string[] = []
    const logger = {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (message: string) => messages.push(message),
    }
    const again = await openStore({ path: name, logger })
    expect(messages).toEqual([expect.stringMatching(/was damaged: 1 entries can't be read/)])
    expect(again.damage).toMatchObject([{ aside: 'the collection quarantine' }])
    expect(await again.bans.list()).toEqual([bans[0]])
    expect(await again.identity.seed()).toEqual(seed)
    await again.close()

    const { store: bytes, damage } = await openLevelStore(name)
    expect(damage).toBeUndefined()
    expect(await bytes.get('quarantine', `0/${keys[1]!}`)).toEqual(damaged)
    expect((await convoyStoreOn(bytes)).damage.length).toBe(1)
    await bytes.close()
    await remove(name)
  })

  it('stops opening when aborted, and can be opened again', async () => {
    const name = newName()
    const abort = new AbortController()
    const opening = openStore({ path: name, signal: abort.signal })
    abort.abort()
    await expect(opening).rejects.toMatchObject({ code: 'aborted' })
    await (await openStore({ path: name })).close()
    await remove(name)
  })
})

function ban(number: number) {
  return {
    subject: { kind: 'identity' as const, signKey: new Uint8Array(32).fill(number) },
    detail: '',
    by: new Uint8Array(32),
    issuedAt: number,
    expiresAt: null,
    sessionId: new Uint8Array(16),
  }
}

function ignore(): void {
  // Nobody looks.
}
