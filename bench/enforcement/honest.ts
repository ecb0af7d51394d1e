import type { RandomSource } from '../../lib/core/index.ts'
import { vehicleFlags, type VehicleState } from '../../lib/protocol/index.ts'
import type { NetworkConditions } from '../../lib/testing/index.ts'
import type { Course } from '../drives/index.ts'
import type { Driving, FaultPlan } from './watched.ts'

/** The network between mishaps: far, uneven and lossy enough. */
export const usual = { delayMs: 60, jitterMs: 40, lossPercent: 5 }

/** Milliseconds between two mishaps, on average; and how long the game, or a process, may hang. */
const mishapEveryMs = 40_000

/** A stretch of a run in which the game does something other than drive on. */
interface Break {
  /** In ms since the start. */
  readonly from: number
  readonly until: number
  readonly kind: 'stall' | 'menu' | 'crash' | 'journey' | 'ferry'
  /** Metres to the east and south by which it leads. */
  readonly east: number
  readonly south: number
}

/**
 * An honest player on a course: with the game's hitches, menus, crashes, services, ferries and fast travels. Wherever the game
 * stops, the course does too, so that it goes on from there.
 */
export function honestDriving(course: Course, durationMs: number, random: RandomSource): Driving {
  const breaks = breaksOf(durationMs, random)
  return (timeMs, out) => {
    // Frames are told late by up to as long as a slow one takes.
    const told = timeMs - 40 * random.next() ** 4
    let stoodMs = 0
    let east = 0
    let south = 0
    for (const each of breaks) {
      if (told < each.from) break
      stoodMs += Math.min(told, each.until) - each.from
      const arrives = (each.from + each.until) / 2
      if (told >= arrives) {
        east += each.east
        south += each.south
      }
      if (told < each.until && each.kind === 'ferry' && Math.abs(told - arrives) < 1_000) return null
    }
    course.stateAt(told - stoodMs, out)
    out.x += east
    out.z += south
    const present = breaks.find(({ from, until }) => told >= from && told < until)
    if (present !== undefined) hold(out, present)
    return out
  }
}

function hold(state: VehicleState, { kind }: Break): void {
  if (kind === 'menu') state.flags |= vehicleFlags.paused
  // A game that hangs or is paused still tells of its speed; a truck that stands has none.
  if (kind === 'menu' || kind === 'stall') return
  state.velocityX = 0
  state.velocityY = 0
  state.velocityZ = 0
  state.acceleration = 0
  state.yawRate = 0
}

function breaksOf(durationMs: number, random: RandomSource): Break[] {
  const between = (from: number, to: number): number => from + (to - from) * random.next()
  const breaks: Break[] = []
  let journeys = 0
  let at = between(5_000, mishapEveryMs)
  while (at < durationMs) {
    const luck = random.next()
    const still = { from: at, east: 0, south: 0 }
    if (luck < 0.4) breaks.push({ ...still, until: at + between(100, 3_000), kind: 'stall' })
    else if (luck < 0.6) breaks.push({ ...still, until: at + between(2_000, 30_000), kind: 'menu' })
    else if (luck < 0.8) breaks.push({ ...still, until: at + between(3_000, 15_000), kind: 'crash' })
    else if (++journeys <= 2) {
      const far = luck < 0.9
      const reach = far ? 40_000 : 1_500
      breaks.push({
        from: at,
        until: at + between(6_000, 15_000),
        kind: far ? 'ferry' : 'journey',
        east: between(-reach, reach),
        south: between(-reach, reach),
      })
    }
    at = (breaks.at(-1)?.until ?? at) + between(1_000, 2 * mishapEveryMs)
  }
  return breaks
}

/** What befalls an honest player's network and program: cuts, lag spikes, lossy minutes, a program that hangs. */
export function planMishaps(plan: FaultPlan, durationMs: number, random: RandomSource): void {
  const { network, driver, watcher } = plan
  const between = (from: number, to: number): number => from + (to - from) * random.next()
  let time = between(5_000, mishapEveryMs)
  while (time < durationMs - 20_000) {
    const luck = random.next()
    if (luck < 0.25) {
      const forMs = between(300, 9_000)
      plan.at(time, () => {
        const heal = random.next() < 0.5 ? network.cut(driver, watcher) : network.cutOneWay(driver, watcher)
        network.clock.after(forMs, heal)
      })
    } else if (luck < 0.5) {
      const delayMs = between(100, 600)
      spike(time, between(1_000, 10_000), { delayMs, jitterMs: delayMs / 3 })
    } else if (luck < 0.75) {
      spike(time, between(2_000, 20_000), { lossPercent: between(15, 50) })
    } else {
      const who = random.next() < 0.7 ? driver : watcher
      const forMs = between(200, 6_000)
      plan.at(time, () => {
        network.freeze(who)
        network.clock.after(forMs, () => network.thaw(who))
      })
    }
    time += between(10_000, 2 * mishapEveryMs)
  }

  function spike(from: number, forMs: number, change: Partial<NetworkConditions>): void {
    plan.at(from, () => network.setConditionsBetween(driver, watcher, change))
    plan.at(from + forMs, () => network.setConditionsBetween(driver, watcher, usual))
  }
}
