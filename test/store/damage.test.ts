import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom, silentLogger, toHex, type RandomSource } from '../../lib/core/index.ts'
import { openStore, type ConvoyStore, type StoredBan } from '../../lib/store/index.ts'
import { frame } from '../../lib/store/frame.ts'
import { openDatabase } from '../../lib/store/database.ts'

/** How a store was left before its files were damaged. LevelDB makes tables of its log when it is opened again. */
const lefts = ['open, its process killed', 'closed', 'closed, opened and closed'] as const

/** Damaged stores of each kind that are opened here, at about 0.1 s each; thousands were while this was written. */
const damagedStores = 20

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'openconvoy-damage-'))
})

afterAll(() => rm(root, { recursive: true }))

/** What a store is expected to hold. */
interface Content {
  seed: string
  bans: StoredBan[]
  reports: [id: string, file: string][]
  entries: string[]
}

/** A store in which something happened. */
async function makeStore(
  path: string,
  random: RandomSource,
  left: (typeof lefts)[number],
): Promise<{ path: string; content: Content; put: StoredBan[] }> {
  const killed = left === 'open, its process killed'
  const working = killed ? `${path}-alive` : path
  const store = await openStore({ path: working })
  await store.identity.seed({ random })
  const put: StoredBan[] = []
  for (let round = 0; round < 3; round++) {
    for (let number = 0; number < 10; number++) put.push(ban(random, number + 5 * round))
    await store.bans.put(put.at(-1)!)
    await store.bans.delete(ban(random, round).subject)
    const id = `report${round}`
    await store.reports.put({ ...reportFields, id, filedAt: round }, random.bytes(30_000))
    await store.sessions.write(
      session,
      round * 20,
      Array.from({ length: 20 }, () => random.bytes(200)),
    )
  }
  await store.sessions.write(session, 60, [random.bytes(5)], { durable: true })
  const content = await contentOf(store)
  // As a killed process leaves it: the files as they are while it still runs.
  if (killed) await cp(working, path, { recursive: true })
  await store.close()
  if (left === 'closed, opened and closed') await (await openStore({ path })).close()
  return { path, content, put }
}

describe.each(lefts)('a store that was left %s, and whose files were then damaged', (left) => {
  const random = seededRandom(20_261_125 + lefts.indexOf(left))

  it('has all it held, or says what is missing and where the damaged files are, and goes on', async () => {
    const { path, content, put } = await makeStore(
      join(root, `original-${lefts.indexOf(left)}`),
      random,
      left,
    )
    const outcomes = { unharmed: 0, told: 0 }
    for (let number = 0; number < damagedStores; number++) {
      const damaged = join(root, `damaged-${number}`)
      await cp(path, damaged, { recursive: true })
      const what = await damage(damaged, random)
      outcomes[await outcomeOf(damaged, content, put, what)]++
      await rm(damaged, { recursive: true })
    }
    // Damage that nobody would notice proves nothing.
    expect(outcomes.told).toBeGreaterThan(damagedStores / 10)
  })

  async function outcomeOf(
    path: string,
    content: Content,
    put: StoredBan[],
    what: Damage,
  ): Promise<'unharmed' | 'told'> {
    const messages: string[] = []
    const logger = { ...silentLogger, error: (message: string) => messages.push(message) }
    const store = await openStore({ path, logger })
    const context = `${what.how} of ${what.file}`
    const had = await contentOf(store)
    // Nothing in it is anything but what was put there, if earlier.
    if (had.seed !== lostSeed) expect(had.seed, context).toBe(content.seed)
    expect(put, context).toEqual(expect.arrayContaining(had.bans))
    expect(content.entries.slice(0, had.entries.length), context).toEqual(had.entries)
    const told = store.damage.length > 0
    expect(messages.length, context).toBe(store.damage.length)
    if (!told) expect(had, context).toEqual(content)
    else {
      const { aside, message } = store.damage[0]!
      expect(message, context).toContain(path)
      expect(aside, context).toContain(join(path, 'damaged-'))
      // The very files, as they were found.
      if (what.file.startsWith('database') && !what.file.endsWith('LOG')) {
        expect(await readFile(join(aside!, what.file.slice('database/'.length))), context).toEqual(what.bytes)
      }
    }

    // It goes on from there, and is sound from then on.
    await store.identity.seed({ replaceLost: true })
    const later = ban(random, 99)
    await store.bans.put(later)
    const expected = await contentOf(store)
    const known = store.damage.length
    await store.close()
    const again = await openStore({ path })
    expect(again.damage.length, context).toBe(known)
    expect(await contentOf(again), context).toEqual(expected)
    expect(expected.bans, context).toContainEqual(later)
    await again.close()
    expect((await readdir(path)).filter((name) => !/^(database|lock|written|damaged-1)$/.test(name))).toEqual(
      [],
    )
    return told ? 'told' : 'unharmed'
  }
})

describe('a store', () => {
  let path: string
  let messages: string[]
  const logger = { ...silentLogger, error: (message: string) => messages.push(message) }

  beforeEach(async () => {
    path = await mkdtemp(join(root, 'store-'))
    messages = []
  })

  afterEach(() => rm(path, { recursive: true, force: true }))

  it('whose database is gone says that changes are missing, and makes no new identity by itself', async () => {
    const store = await openStore({ path })
    await store.identity.seed()
    await store.close()
    await rm(join(path, 'database'), { recursive: true })
    const again = await openStore({ path, logger })
    expect(messages).toEqual([expect.stringMatching(/the last 1 changes are missing/)])
    expect(again.damage).toMatchObject([{ aside: null }])
    await expect(again.identity.seed()).rejects.toMatchObject({ code: 'store-damaged' })
    await again.close()
  })

  it('loses to one flipped bit what lies beside it, and nothing else', async () => {
    const random = seededRandom(8)
    const store = await openStore({ path })
    const seed = await store.identity.seed()
    const bans = [1, 2, 3].map((number) => ban(random, number))
    for (const each of bans) await store.bans.put(each)
    const files = ['a', 'b', 'c'].map((id) => ({ id, file: random.bytes(20_000) }))
    for (const { id, file } of files) await store.reports.put({ ...reportFields, id, filedAt: 0 }, file)
    await store.close()
    // LevelDB makes a table of its log when it is opened again.
    await (await openStore({ path })).close()
    const [table] = (await readdir(join(path, 'database'))).filter((name) => name.endsWith('.ldb'))
    const bytes = await readFile(join(path, 'database', table!))
    bytes[bytes.indexOf(files[1]!.file) + 10_000]! ^= 1
    await writeFile(join(path, 'database', table!), bytes)

    const again = await openStore({ path, logger })
    expect(messages).toEqual([expect.stringContaining(`damaged files: ${table!}`)])
    expect(await again.identity.seed()).toEqual(seed)
    expect(await again.bans.list()).toEqual(bans)
    const read = await Promise.all(files.map(({ id }) => again.reports.read(id)))
    expect(read).toEqual([files[0]!.file, undefined, files[2]!.file])
    await again.close()
  })

  it.each(['MANIF\0ST-000004\n', 'MANIFEST/000004\n', 'MANIFEST-000004', '\n', '', 'x'.repeat(5_000)])(
    'whose list of files is named wrongly (%j) is read from its files',
    async (current) => {
      const store = await openStore({ path })
      const seed = await store.identity.seed()
      await store.close()
      await writeFile(join(path, 'database', 'CURRENT'), current)
      const again = await openStore({ path, logger })
      expect(await again.identity.seed()).toEqual(seed)
      expect(messages).toEqual([expect.stringMatching(/was damaged: .*Entries kept: 1\./)])
      await again.close()
    },
  )

  it('whose rescue was cut off goes on with what was rescued', async () => {
    const store = await openStore({ path })
    const seed = await store.identity.seed()
    await store.close()
    await cp(join(path, 'database'), join(path, 'rescued'), { recursive: true })
    await rm(join(path, 'database'), { recursive: true })
    const again = await openStore({ path, logger })
    expect(await again.identity.seed()).toEqual(seed)
    expect(messages).toEqual([])
    await again.close()
  })

  it('takes no half of a rescue for the whole', async () => {
    const store = await openStore({ path })
    const seed = await store.identity.seed()
    await store.close()
    await (await openDatabase(join(path, 'rescued'))).close()
    const again = await openStore({ path, logger })
    expect(await again.identity.seed()).toEqual(seed)
    await again.close()
  })

  it('does away with what killed processes left', async () => {
    await (await openStore({ path })).close()
    await mkdtemp(join(path, 'opening-'))
    await (await openStore({ path })).close()
    expect((await readdir(path)).sort()).toEqual(['database', 'lock', 'written'])
  })

  it('of a newer version is refused, and left as it is', async () => {
    await (await openStore({ path })).close()
    const database = await openDatabase(join(path, 'database'))
    await database.put('bans!x', frame('bans!x', Uint8Array.of(1), 2))
    await database.close()
    for (let time = 0; time < 2; time++) {
      await expect(openStore({ path })).rejects.toMatchObject({ code: 'store-version' })
    }
    const again = await openDatabase(join(path, 'database'))
    expect([...(await again.get('bans!x'))]).toEqual([...frame('bans!x', Uint8Array.of(1), 2)])
    await again.close()
    expect((await readdir(path)).sort()).toEqual(['database', 'lock', 'written'])
  })

  it('that can not be where it should says so', async () => {
    const file = join(path, 'file')
    await writeFile(file, '')
    const failed = { code: 'store-failed', message: expect.stringMatching(/disk/) as unknown }
    await expect(openStore({ path: file })).rejects.toMatchObject(failed)
    await expect(openStore({ path: join(file, 'below') })).rejects.toMatchObject(failed)
    await expect(openStore({ path: '' })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('stops opening when aborted, and can be opened again', async () => {
    const abort = new AbortController()
    const opening = openStore({ path, signal: abort.signal })
    abort.abort()
    await expect(opening).rejects.toMatchObject({ code: 'aborted' })
    await (await openStore({ path })).close()
    expect((await readdir(path)).sort()).toEqual(['database', 'lock', 'written'])
  })

  it('is open to nobody but its owner', async () => {
    const fresh = join(path, 'fresh')
    await (await openStore({ path: fresh })).close()
    if (process.platform !== 'win32') expect((await stat(fresh)).mode & 0o777).toBe(0o700)
  })
})

/** What was done to a file. */
interface Damage {
  file: string
  how: string
  bytes: Buffer
}

/** Cuts a file short, flips a bit, or zeroes a piece, at a random place. */
async function damage(store: string, random: RandomSource): Promise<Damage> {
  const below = (limit: number): number => Math.floor(random.next() * limit)
  const names = (await readdir(join(store, 'database'))).filter((name) => name !== 'LOCK').sort()
  const files = ['written', ...names.map((name) => join('database', name))]
  const file = files[below(files.length)]!
  const bytes = await readFile(join(store, file))
  let how = 'nothing'
  const place = below(bytes.length)
  const kind = below(4)
  if (bytes.length > 0 && kind === 0) {
    await truncate(join(store, file), place)
    how = `truncation to ${place} of ${bytes.length}`
    return { file, how, bytes: bytes.subarray(0, place) }
  }
  if (bytes.length > 0 && kind === 1) {
    const end = Math.min(bytes.length, place + 1 + below(4_096))
    bytes.fill(0, place, end)
    how = `zeroing of ${place} to ${end}`
  } else if (bytes.length > 0) {
    bytes[place]! ^= 1 << below(8)
    how = `bit flip at ${place} of ${bytes.length}`
  }
  await writeFile(join(store, file), bytes)
  return { file, how, bytes }
}

const session = new Uint8Array(16).fill(6)
const reportFields = {
  sessionId: session,
  reporter: new Uint8Array(32).fill(1),
  subject: new Uint8Array(32).fill(2),
  category: 'ramming',
}
const lostSeed = 'lost'

function ban(random: RandomSource, number: number): StoredBan {
  return {
    subject: { kind: 'identity', signKey: new Uint8Array(32).fill(number) },
    detail: toHex(random.bytes(20)),
    by: new Uint8Array(32),
    issuedAt: number,
    expiresAt: null,
    sessionId: session,
  }
}

async function contentOf(store: ConvoyStore): Promise<Content> {
  const reports = await store.reports.list()
  return {
    seed: await store.identity.seed().then(toHex, () => lostSeed),
    bans: await store.bans.list(),
    reports: await Promise.all(
      reports.map(async ({ id }): Promise<[string, string]> => {
        const file = await store.reports.read(id)
        return [id, file === undefined ? 'lost' : toHex(file)]
      }),
    ),
    entries: (await store.sessions.read(session)).map(toHex),
  }
}
