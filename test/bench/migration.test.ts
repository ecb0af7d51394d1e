import { expect, it } from 'vitest'
import migration from '../../bench/migration.ts'

it('the migration benchmark kills hosts of a small convoy, and counts what the others see of it', async () => {
  const figures = await migration.run({ quick: true })
  const valueOf = (name: string): number => figures.find((figure) => figure.name === name)?.value ?? NaN
  expect(figures.map(({ scenario }) => scenario)).toEqual(figures.map(() => '4'))
  expect(valueOf('newAuthorityP99Ms')).toBeGreaterThan(0)
  expect(valueOf('newAuthorityP99Ms')).toBeLessThan(Infinity)
  expect(valueOf('epochsPerKill')).toBeGreaterThanOrEqual(1)
  expect(valueOf('vehiclesLost')).toBe(0)
}, 180_000)
