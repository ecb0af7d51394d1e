import { expect, it } from 'vitest'
import { differences, type Vectors } from '../vehicle/support/vectors.ts'

it('[VEH-10] [VEH-13] [VEH-40] Chromium codes and predicts vehicles as Node does, bit for bit', async () => {
  const response = await fetch(new URL('../vehicle/vectors.json', import.meta.url))
  expect(differences((await response.json()) as Vectors)).toEqual([])
})
