import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differences, type Vectors } from '../support/vectors.ts'

const vectors = JSON.parse(readFileSync(new URL('../vectors.json', import.meta.url), 'utf8')) as Vectors

describe('test vectors', () => {
  it('[VEH-10] [VEH-13] [VEH-40] agree with this library in Node, bit for bit', () => {
    expect(differences(vectors)).toEqual([])
  })

  it('show when something differs', () => {
    const changed = structuredClone(vectors)
    const [rounded] = changed.rounded
    const payload = changed.streams[0]?.payloads[7]
    const [prediction] = changed.predictions
    if (rounded === undefined || payload === undefined || prediction === undefined)
      throw new Error('No vectors.')
    rounded.codes[0] = 1
    payload.hex = payload.hex.replace(/^0100/, '0101').replace(/..$/, '')
    prediction.predicted.z += 2 ** -30
    const found = differences(changed)
    expect(found).toContain(`rounded: ${rounded.name}`)
    expect(found).toContain(`encoded: ${changed.streams[0]?.name ?? ''}, payload 7`)
    expect(found).toContain(`prediction 0: ${prediction.seconds} s`)
  })
})
