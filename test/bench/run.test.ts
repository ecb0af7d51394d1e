import { describe, expect, it } from 'vitest'
import { bench } from './support/bench.ts'

describe('npm run bench', () => {
  it.each([
    'nope',
    'codec --nope',
    'codec codec',
    'run',
    'report',
    '../bench/codec',
    'codec --write',
    '--write --quick',
  ])('says how it is used when asked for "%s", and exits with 2', async (request) => {
    const { code, stdout, stderr } = await bench(...request.split(' '))
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(
      'NAME is one of: clock, codec, enforcement, link, mesh, migration, motion, signaling, traffic;',
    )
  })

  it('says what is wrong with a drive that it can’t read', async () => {
    const { code, stderr } = await bench('motion', '--drive', 'no-such-file.csv')
    expect(code).toBe(2)
    expect(stderr).toContain('no-such-file.csv')
  })
})
