import { describe, it } from 'vitest'
import { hostileCases } from './cases.ts'

// Those that take less than a second; `npm run test:hostile` runs them all.
describe('a link under attack', () => {
  for (const { name, engine, expected, quick, run } of hostileCases()) {
    if (quick) it(`over ${engine}, by ${name}: ${expected}`, run)
  }
})
