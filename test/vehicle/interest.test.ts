import { describe, expect, it } from 'vitest'
import type { VehicleState } from '../../lib/protocol/index.ts'
import {
  DistanceInterest,
  type Interest,
  type InterestTier,
  type Viewpoints,
} from '../../lib/vehicle/index.ts'
import { closeInterest } from '../../lib/vehicle/interest/interest.ts'
import { stateWith } from './support/states.ts'

/** One recipient, whose viewpoints the test sets. */
class Viewer implements Viewpoints<Viewer> {
  follower = false
  vehicle: VehicleState | undefined
  camera: VehicleState | undefined
  readonly #policy = new DistanceInterest<Viewer>(this)
  #former: Interest = closeInterest

  isFollower(): boolean {
    return this.follower
  }

  vehicleOf(): VehicleState | undefined {
    return this.vehicle
  }

  followedBy(): VehicleState | undefined {
    return this.camera
  }

  /** Judges a vehicle anew. */
  judge(state: VehicleState, index = 0): Interest {
    this.#former = this.#policy.of(this, index, state, this.#former)
    return this.#former
  }
}

/** A viewer at the origin (as good as) that drives north at `speed`. */
function viewerAt(speed = 0): Viewer {
  const viewer = new Viewer()
  viewer.vehicle = stateWith({ y: 1, velocityZ: -speed })
  return viewer
}

const north = (metres: number, speed = 0, heading = 0): VehicleState =>
  stateWith({ y: 1, z: -metres, velocityZ: -speed, heading })
const south = (metres: number, speed = 0): VehicleState => north(-metres, speed)

describe('what matters to whom', () => {
  it.each<[string, InterestTier, VehicleState, number]>([
    ['right beside', 'near', south(10), 0],
    ['100 m behind', 'near', south(100), 0],
    ['300 m ahead', 'ahead', north(300), 0],
    ['300 m behind', 'middle', south(300), 0],
    ['600 m ahead, driving away', 'middle', north(600, 30), 20],
    ['600 m behind', 'middle', south(600), 0],
    ['2 km behind', 'far', south(2_000), 0],
    ['20 km ahead', 'far', north(20_000), 0],
  ])('[INT-2] %s is "%s"', (_where, tier, state, speed) => {
    expect(viewerAt(speed).judge(state).tier).toBe(tier)
  })

  it('[INT-2] whoever comes up from behind within 8 s is closing, and who falls back is not', () => {
    // Met at 40 m/s in 7.5 s.
    expect(viewerAt().judge(south(300, 40)).tier).toBe('closing')
    expect(viewerAt(40).judge(south(300, 0)).tier).toBe('middle')
    // Oncoming traffic, beyond what counts as ahead.
    expect(viewerAt(32).judge(north(500, 32, 0.5)).tier).toBe('closing')
    expect(viewerAt(32).judge(north(900, 32, 0.5)).tier).toBe('middle')
  })

  it('[INT-2] ahead is where the viewer heads, not where north is', () => {
    const viewer = viewerAt()
    viewer.vehicle = stateWith({ y: 1, heading: 0.25 })
    expect(viewer.judge(stateWith({ x: -300, y: 1 })).tier).toBe('ahead')
    expect(viewer.judge(stateWith({ x: 300, y: 1 })).tier).toBe('middle')
    expect(viewer.judge(north(300)).tier).toBe('middle')
  })

  it('[INT-3] a drive to and fro across a boundary changes the tier once', () => {
    for (const [boundary, far] of [
      [150, 'middle'],
      [1_500, 'far'],
    ] as const) {
      const viewer = viewerAt()
      const inside = viewer.judge(south(boundary - 40)).tier
      const tiers: InterestTier[] = []
      for (let step = 0; step < 40; step++)
        tiers.push(viewer.judge(south(boundary + 25 * (step % 2) - 12)).tier)
      // Near holds on until 200 m. Far is entered at once, and holds on until 1,300 m.
      expect(new Set(tiers.slice(2)).size, `${inside} at ${boundary}`).toBe(1)
      expect(viewer.judge(south(boundary * 1.5)).tier).toBe(far)
    }
  })

  it('[INT-3] oncoming traffic is met, passed and left behind in three steps', () => {
    const viewer = viewerAt(25)
    const tiers: InterestTier[] = []
    for (let metres = 900; metres > -900; metres -= 25) {
      const { tier } = viewer.judge(north(metres, 25, 0.5))
      if (tiers.at(-1) !== tier) tiers.push(tier)
    }
    expect(tiers).toEqual(['middle', 'ahead', 'near', 'middle'])
  })

  it('[INT-5] the bound grows with distance, by what an eye sees', () => {
    const viewer = viewerAt()
    const bounds = [5, 40, 100, 300, 1_000, 3_000, 30_000].map(
      (metres) => viewer.judge(north(metres)).boundMetres,
    )
    expect(bounds[0]).toBe(0.02)
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b))
    expect(bounds[2]).toBeLessThanOrEqual(0.05)
    expect(bounds[3]).toBeLessThanOrEqual(0.15)
    expect(bounds[4]).toBeLessThanOrEqual(1)
    expect(bounds[6]).toBe(4)
  })

  it('[INT-7] no truck is told of so seldom that one lost update makes it fade', () => {
    const viewer = viewerAt()
    for (const metres of [10, 500, 2_000, 400_000]) {
      expect(viewer.judge(north(metres)).steadyMs).toBeLessThan(1_500 / 2)
    }
  })

  it('[INT-4] who follows gets everything at any distance', () => {
    const viewer = viewerAt()
    viewer.follower = true
    expect(viewer.judge(south(50_000))).toMatchObject({ tier: 'followed', boundMetres: 0.02, steadyMs: 250 })
  })

  it('[INT-4] who follows somebody sees what is around that one, and around itself', () => {
    const viewer = viewerAt()
    expect(viewer.judge(south(50_000)).tier).toBe('far')
    viewer.camera = south(50_050)
    expect(viewer.judge(south(50_000)).tier).toBe('near')
    expect(viewer.judge(south(20)).tier).toBe('near')
  })

  it('[INT-4] who is nowhere and follows nobody gets a moderate rate', () => {
    expect(new Viewer().judge(north(5))).toMatchObject({ tier: 'middle', steadyMs: 450 })
  })

  it('[INT-6] traffic is told of more loosely, and out of sight not at all', () => {
    const viewer = viewerAt()
    expect(viewer.judge(north(30), 1)).toMatchObject({ tier: 'near', boundMetres: 0.1, steadyMs: 300 })
    expect(viewer.judge(north(300), 1)).toMatchObject({ tier: 'middle', steadyMs: 450 })
    expect(viewer.judge(north(1_100), 1).tier).toBe('middle')
    expect(viewer.judge(north(1_201), 1).tier).toBe('unseen')
    expect(viewer.judge(north(1_100), 1).tier).toBe('unseen')
    expect(viewer.judge(north(999), 1).tier).toBe('middle')
  })

  it('[INT-6] traffic around the one who is followed is seen', () => {
    const viewer = viewerAt()
    expect(viewer.judge(south(30_020), 1).tier).toBe('unseen')
    viewer.camera = south(30_000)
    expect(viewer.judge(south(30_020), 1).tier).toBe('near')
  })
})
