import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConvoyError, type Finding, type LoadOrder, type Mod } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld()
})
afterEach(async () => {
  await world.close()
})

const mod = (name: string, version = '1.0'): Mod => ({
  package: `mod_workshop_package.${name}`,
  name,
  version,
  optional: false,
})

const hosts: LoadOrder = {
  mods: ['Map fix', 'ProMods def', 'ProMods map', 'Sound pack', 'Truck', 'Trailer', 'Weather'].map((name) =>
    mod(name),
  ),
  dlcs: ['dlc_north', 'dlc_fr'],
}

async function refusal(mods: Mod[], dlcs = hosts.dlcs): Promise<{ findings: Finding[]; message: string }> {
  const anna = await world.host('Anna', { loadOrder: hosts })
  try {
    await world.join('Ben', anna.invite, { loadOrder: { mods, dlcs } })
  } catch (error) {
    if (!(error instanceof ConvoyError) || error.code !== 'load-order-mismatch') throw error
    expect(anna.members).toHaveLength(1)
    return { findings: (error.details as { findings: Finding[] }).findings, message: error.message }
  }
  return { findings: [], message: '' }
}

describe('the load order at admission', () => {
  it('[LOD-1] admits a joiner whose mods and DLCs are those of the host', async () => {
    expect((await refusal([...hosts.mods])).findings).toEqual([])
  })

  it('[LOD-2] refuses one mod missing, two swapped and one of another version with exactly those findings', async () => {
    const theirs = hosts.mods.filter((each) => each.name !== 'Sound pack')
    const [a, b, ...rest] = theirs as [Mod, Mod, ...Mod[]]
    const mods = [b, a, ...rest].map((each) => (each.name === 'Weather' ? mod('Weather', '0.9') : each))
    const { findings, message } = await refusal(mods)
    expect(findings).toHaveLength(3)
    expect(findings.map((finding) => finding.kind).sort()).toEqual(['missing', 'swapped', 'version'])
    expect(findings.find((finding) => finding.kind === 'missing')).toMatchObject({
      mod: { name: 'Sound pack' },
    })
    expect(findings.find((finding) => finding.kind === 'version')).toMatchObject({
      mod: { name: 'Weather' },
      yours: '0.9',
      hosts: '1.0',
    })
    expect(findings.find((finding) => finding.kind === 'swapped')).toMatchObject({
      upper: { mod: { name: 'Map fix' } },
      lower: { mod: { name: 'ProMods def' } },
    })
    for (const named of ['Sound pack', 'Weather', 'Map fix', 'ProMods def']) expect(message).toContain(named)
    for (const innocent of ['ProMods map', 'Truck', 'Trailer']) {
      expect(findings.some((finding) => 'mod' in finding && finding.mod.name === innocent)).toBe(false)
    }
  })

  it('[LOD-3] refuses a missing DLC', async () => {
    const { findings } = await refusal([...hosts.mods], ['dlc_north'])
    expect(findings).toEqual([{ kind: 'missing-dlc', dlc: 'dlc_fr' }])
  })

  it('does not ask spectators for mods', async () => {
    const anna = await world.host('Anna', { loadOrder: hosts })
    await expect(world.join('Ben', anna.invite, { vehicleClass: null })).resolves.toBeDefined()
  })

  it('shows members the mods of the host', async () => {
    const anna = await world.host('Anna', { loadOrder: hosts })
    const ben = await world.join('Ben', anna.invite, { loadOrder: hosts })
    expect(ben.loadOrder).toEqual(anna.loadOrder)
    expect(ben.loadOrder.mods.map(({ name }) => name)).toEqual(hosts.mods.map(({ name }) => name))
  })
})
