import { wanderAt, type Bend } from './bends.ts'
import { CourseRecorder, type Course } from './course.ts'
import { clamp, stepSeconds, trailerWheelbase, type Truck } from './truck.ts'

/** What a driver does next, until it ends. */
export interface Leg {
  /** When it ends: after so long, so far, or once the speed is reached. */
  readonly until: { readonly seconds: number } | { readonly metres: number } | 'speed'
  /** m/s to get to and keep; negative in reverse. */
  readonly speed: number
  /** m/s², how hard to pull and to brake (defaults 1.2 and 1.5). */
  readonly pull?: number
  readonly brake?: number
  /** m/s³, how fast a pedal changes (default 4). */
  readonly jerk?: number
  /** Where the road goes, from where the leg begins (default straight on). */
  readonly bend?: Bend
  /** In reverse: the angle that the trailer is to take behind the truck, radians. */
  readonly articulation?: number
  /** What is switched on meanwhile: a set of vehicleFlags. */
  readonly flags?: number
}

const defaults = { pull: 1.2, brake: 1.5, jerk: 4 }

/** Speed, m/s, at which an engine has half of its pull left: power is force times speed. */
const halfPullSpeed = 18

/** How fast a foot and the drive train behind it follow, s; and for how long a driver eases into a speed. */
const pedalLag = 0.1
const easing = 0.3

/** m/s within which a speed is reached, and below which a braked truck has come to rest. */
const reached = 0.05
const atRest = 0.0005

/** m/s and seconds by which a driver's cruising speed sways, above a walking pace. */
const sway = { speed: 0.3, seconds: 9, from: 10 }

/** m/s above which a driver corrects the course all the time. */
const wanderFrom = 8

/** Per metre: how firmly a driver in reverse steers against an angle that isn't the one wanted. */
const reversingGain = 0.25

/** Longest leg, s: one that never gets where it should is a mistake in the script. */
const longestLeg = 300

/** Drives a truck along a script, to its end or for `longest` seconds. */
export function drive(name: string, truck: Truck, legs: readonly Leg[], longest = Infinity): Course {
  const recorder = new CourseRecorder(truck)
  for (const leg of legs) {
    const startsAt = { seconds: recorder.seconds, metres: truck.odometer }
    const { bend } = leg
    for (;;) {
      const seconds = recorder.seconds - startsAt.seconds
      const metres = Math.abs(truck.odometer - startsAt.metres)
      if (hasEnded(leg, truck, seconds, metres) || recorder.seconds > longest) break
      if (seconds > longestLeg) throw new Error(`A leg of ${name} at ${recorder.seconds} s does not end.`)
      const curvature =
        leg.speed < 0
          ? reversingCurvature(truck, leg.articulation ?? 0)
          : (bend?.curvatureAt(metres) ?? 0) + (truck.speed > wanderFrom ? wanderAt(truck.odometer) : 0)
      const acceleration = pedals(truck, leg, recorder.seconds)
      if (leg.speed === 0 && Math.abs(truck.speed) < atRest) truck.halt()
      recorder.step(truck.speed === 0 && leg.speed === 0 ? 0 : acceleration, curvature, leg.flags)
    }
  }
  return recorder.finish(name)
}

function hasEnded({ until, speed }: Leg, truck: Truck, seconds: number, metres: number): boolean {
  if (until === 'speed') return Math.abs(truck.speed - speed) < (speed === 0 ? atRest : reached)
  return 'seconds' in until ? seconds >= until.seconds : metres >= until.metres
}

/** The acceleration of the next step. */
function pedals(truck: Truck, leg: Leg, seconds: number): number {
  const swaying = leg.speed > sway.from ? sway.speed * Math.sin((2 * Math.PI * seconds) / sway.seconds) : 0
  return followSpeed(truck, leg.speed + swaying, { ...defaults, ...leg })
}

/**
 * The acceleration by which a driver gets to `speed`: within what is asked for, without a jolt at either end. With
 * jerk j, what is left of a change of speed d when letting go of the pedal allows for an acceleration of √(2jd); half
 * that jerk leaves room for the lag.
 */
export function followSpeed(
  truck: Truck,
  speed: number,
  { pull, brake, jerk }: { pull: number; brake: number; jerk: number },
): number {
  const missing = speed - truck.speed
  const slows = missing * truck.speed < 0
  const limit = slows ? brake : pull / (1 + (truck.speed / halfPullSpeed) ** 2)
  const size = Math.min(limit, Math.sqrt(jerk * Math.abs(missing)), Math.abs(missing) / easing)
  const wish = Math.sign(missing) * size
  return truck.acceleration + clamp((wish - truck.acceleration) / pedalLag, jerk) * stepSeconds
}

/**
 * Steering in reverse, where a trailer left alone jack-knifes. Its angle γ changes by |v|(sin γ / L + κ) per second, so
 * this makes it approach the angle wanted.
 */
function reversingCurvature(truck: Truck, articulation: number): number {
  const yaw = truck.trailers[0]?.yaw ?? 0
  return -Math.sin(yaw) / trailerWheelbase - reversingGain * (yaw - articulation)
}
