import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClassicLevel } from 'classic-level'
import { seededRandom } from '../../lib/core/index.ts'
import { crc32, crc32c } from '../../lib/store/crc32.ts'
import { openDatabase, type Database } from '../../lib/store/database.ts'
import { damagedTables, salvage } from '../../lib/store/levelFiles/salvage.ts'
import { readTable } from '../../lib/store/levelFiles/table.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openconvoy-salvage-'))
})

afterEach(() => rm(folder, { recursive: true }))

describe('the files of LevelDB', () => {
  it('are read as LevelDB reads them, after any changes, from logs and tables alike', async () => {
    const random = seededRandom(4)
    for (let round = 0; round < 6; round++) {
      const database = await openDatabase(folder)
      for (let step = 0; step < 200; step++) {
        const key = `key${Math.floor(random.next() * 60)}`
        if (random.next() < 0.3) await database.del(key)
        // Some are larger than the 32 KiB of a log's block, and need several records.
        else await database.put(key, random.bytes(Math.floor(random.next() ** 4 * 100_000)))
      }
      if (round === 3) await compact(database)
      const expected = await contentOf(database)
      await database.close()
      expect(await damagedTables(folder)).toEqual([])
      expect(plain(await salvage(folder))).toEqual(expected)
    }
    const names = await readdir(folder)
    expect(names.filter((name) => name.endsWith('.ldb')).length).toBeGreaterThan(1)
    expect(names.some((name) => name.endsWith('.log'))).toBe(true)
  }, 60_000)

  it('have no table in which any flipped bit goes unnoticed', async () => {
    const database = await openDatabase(folder)
    const random = seededRandom(5)
    for (let number = 0; number < 40; number++) await database.put(`key${number}`, random.bytes(150))
    await database.close()
    await (await openDatabase(folder)).close()
    const [name] = (await readdir(folder)).filter((each) => each.endsWith('.ldb'))
    const table = await readFile(join(folder, name!))

    const unnoticed: number[] = []
    for (let place = 0; place < table.length; place++) {
      table[place]! ^= 1 << (place % 8)
      if (readTable(table, () => undefined)) unnoticed.push(place)
      table[place]! ^= 1 << (place % 8)
    }
    // The footer's handles are padded with zeros that nobody reads.
    expect(unnoticed.every((place) => place >= table.length - 48 && place < table.length - 8)).toBe(true)
    for (const length of [0, 1, 47, 48, 100, table.length - 1]) {
      expect(readTable(table.subarray(0, length), () => undefined)).toBe(false)
    }
  })

  it('give all that comes before the place where a log was cut', async () => {
    const database = await openDatabase(folder)
    for (let number = 0; number < 50; number++) await database.put(`key${number}`, new Uint8Array(2_000))
    await database.close()
    const [name] = (await readdir(folder)).filter((each) => each.endsWith('.log'))
    await truncate(join(folder, name!), 71_000)
    // 2,028 bytes each, and 7 more where one goes on in the next block.
    expect((await salvage(folder)).size).toBe(35)
  })
})

it('the checksums are the standard ones', () => {
  const digits = new TextEncoder().encode('123456789')
  expect(crc32(digits)).toBe(0xcbf43926)
  expect(crc32c(digits)).toBe(0xe3069283)
  expect(crc32(digits.subarray(4), crc32(digits.subarray(0, 4)))).toBe(0xcbf43926)
})

/** In Node only, and so not in the types of level. */
function compact(database: Database): Promise<void> {
  return (database as unknown as ClassicLevel<string, Uint8Array>).compactRange('', '~')
}

async function contentOf(database: Database): Promise<[string, string][]> {
  const content: [string, string][] = []
  for await (const [key, value] of database.iterator())
    content.push([key, Buffer.from(value).toString('hex')])
  return content
}

function plain(salvaged: ReadonlyMap<string, Uint8Array>): [string, string][] {
  return [...salvaged]
    .map(([key, value]): [string, string] => [key, Buffer.from(value).toString('hex')])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
