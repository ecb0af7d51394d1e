import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parsePlan } from './plan.ts'
import { simulate } from './simulation.ts'

// Plans that broke a promise by mistakes which are mended. Add the next one here, named by its symptom.
const folder = join(import.meta.dirname, 'found')

describe('a plan that broke a promise once breaks none any more:', () => {
  it.each(readdirSync(folder))('%s', async (file) => {
    const { violations } = await simulate(parsePlan(readFileSync(join(folder, file), 'utf8')))
    expect(violations).toEqual([])
  })
})
