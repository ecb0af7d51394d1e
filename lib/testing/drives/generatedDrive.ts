import type { RandomSource } from '../../core/index.ts'
import { Drive } from './drive.ts'

/** Seconds between samples, as in recordings of 10 Hz. */
const step = 0.1

/** Stops per drive: enough variety that a watcher doesn't see it repeat. */
const legs = 6

/** m/s: 58 to 79 km/h, what trucks do outside towns. */
const cruiseSpeeds = { from: 16, to: 22 }

/** m/s², peaks. Recorded trucks reach +2.4 and −2.7 within a second (p99 +1.9, p1 −1.6). */
const pulling = { from: 1.2, to: 2.3 }
const braking = { from: 1.2, to: 2.6 }

/** Seconds. The first cruise is short, so that a short run sees a stop as well. */
const cruiseTimes = { from: 12, to: 40 }
const firstCruiseTime = 6
const standingTimes = { from: 2, to: 5 }

/** m/s and seconds: a foot on the pedal is never quite still. */
const cruiseSway = 0.4
const cruiseSwayPeriod = 8

/**
 * A drive made up from `random`: cruise, brake to a stop, stand, pull away, several times over. It begins rolling, and
 * its end joins its start. Acceleration stays within −2.7…+2.4 m/s² and never jumps.
 */
export function generatedDrive(random: RandomSource): Drive {
  const between = (range: { from: number; to: number }): number =>
    range.from + (range.to - range.from) * random.next()
  const speeds: number[] = []
  const firstCruise = between(cruiseSpeeds)
  let cruise = firstCruise
  for (let leg = 0; leg < legs; leg++) {
    appendCruise(speeds, cruise, leg === 0 ? firstCruiseTime : between(cruiseTimes))
    appendRamp(speeds, cruise, 0, between(braking))
    appendStand(speeds, between(standingTimes))
    cruise = leg === legs - 1 ? firstCruise : between(cruiseSpeeds)
    appendRamp(speeds, 0, cruise, between(pulling))
  }
  speeds.push(firstCruise)
  return new Drive(
    speeds.map((_, index) => index * step),
    speeds,
  )
}

function appendCruise(speeds: number[], cruise: number, duration: number): void {
  const swings = Math.max(1, Math.round(duration / cruiseSwayPeriod))
  const samples = Math.round(duration / step)
  for (let index = 0; index < samples; index++) {
    // sin² starts and ends flat, so that acceleration joins the ramps without a jump.
    speeds.push(cruise - cruiseSway * Math.sin((Math.PI * swings * index) / samples) ** 2)
  }
}

function appendStand(speeds: number[], duration: number): void {
  for (let index = 0; index < Math.round(duration / step); index++) speeds.push(0)
}

/** A raised cosine from one speed to another; its steepest point, in the middle, has `peak` m/s². */
function appendRamp(speeds: number[], from: number, to: number, peak: number): void {
  const samples = Math.ceil((Math.abs(to - from) * Math.PI) / 2 / peak / step)
  for (let index = 0; index < samples; index++) {
    speeds.push(from + ((to - from) * (1 - Math.cos((Math.PI * index) / samples))) / 2)
  }
}
