import type { EnforcedKind } from '../../lib/convoy/index.ts'
import { emptyVehicleState, type VehicleState } from '../../lib/protocol/index.ts'
import type { Driving } from './watched.ts'

/** A way to cheat, and what it is to be found as. */
export interface Cheat {
  readonly name: string
  readonly kind: EnforcedKind
  /** Cheats from so many ms on; honest before. */
  driving(fromMs: number): Driving
  /** How wrong its clock runs, in millionths. */
  readonly driftPpm?: number
}

/** m/s: 80 km/h, the limit of these drives. */
const honestSpeed = 80 / 3.6

/** Along a straight, at a place and a speed that are told each by itself. */
function straight(out: VehicleState, metres: number, speed: number): VehicleState {
  return Object.assign(out, emptyVehicleState(), { x: 1_000, y: 10, z: -metres, velocityZ: -speed })
}

/** Cheats from `fromMs` on with what is done after so many seconds of it. */
function cheat(
  name: string,
  kind: EnforcedKind,
  of: (seconds: number) => { metres: number; speed: number },
  speedBefore = honestSpeed,
): Cheat {
  return {
    name,
    kind,
    driving: (fromMs) => (timeMs, out) => {
      const before = speedBefore * Math.min(timeMs, fromMs) * 1e-3
      if (timeMs < fromMs) return straight(out, before, speedBefore)
      const { metres, speed } = of((timeMs - fromMs) / 1_000)
      return straight(out, before + metres, speed)
    },
  }
}

/** m/s that the game's own range ends at. */
const topSpeed = 60

/** Everything that is tried. */
export const cheats: readonly Cheat[] = [
  cheat('speed-hack', 'speed', (s) => ({ metres: 1.5 * honestSpeed * s, speed: 1.5 * honestSpeed })),
  // It tells the speed that is allowed.
  cheat('speed-hack-hidden', 'teleport', (s) => ({ metres: 1.5 * honestSpeed * s, speed: honestSpeed })),
  // It stamps what it sends as if more time had passed, from the start.
  {
    name: 'speed-hack-clock',
    kind: 'teleport',
    driving: () => (timeMs, out) => straight(out, 1.5 * honestSpeed * timeMs * 1e-3, honestSpeed),
    driftPpm: 500_000,
  },
  cheat('teleport', 'teleport', (s) => ({ metres: honestSpeed * s + 200, speed: honestSpeed })),
  // Three metres at a time, ten times a second: below anything that a single update could show.
  cheat('small-jumps', 'teleport', (s) => ({
    metres: honestSpeed * s + 3 * Math.floor(10 * s),
    speed: honestSpeed,
  })),
  cheat(
    'launch',
    'acceleration',
    (s) => {
      const pulling = Math.min(s, topSpeed / 20)
      return { metres: 10 * pulling * pulling + topSpeed * (s - pulling), speed: 20 * pulling }
    },
    0,
  ),
]
