import { radiansPerTurn } from '../deterministicMath.ts'
import { believedRates, hitchBehindTruck, ratesHoldSeconds } from '../prediction.ts'
import { journey, pullTrailers, travel } from './between.ts'
import { codeOf, codesPerTrailer, stepsPer, wrapCode, type Codes } from './codes.ts'
import { doubtsPerTrailer, rateOf, ratesPerTrailer, trailerDoubts, trailersOf, type Known } from './known.ts'
import { codeDoubted, quantity, spanOf } from './residualModel.ts'
import { residual, type SymbolCoder } from './symbols.ts'

/*
 * How motion is told against a baseline, docs/protocol/05-vehicle.md [VEH-14] to [VEH-16]: what drives the vehicle first (speed, acceleration, yaw
 * rate), then what follows from it (heading, place, trailers), each predicted from all that is known by then, so
 * that nearly all of it is told in a fraction of a bit. Every number is computed alike by both ends: only + − × ÷ √ and
 * integers. Constants were found by the bits they save on generated drives (scripts/fitResidualModel.ts).
 */

// Of this module's own, as engines compile those in, but look imported ones up at each use.
const at = codeOf
const rate = rateOf
const of = quantity
const steps = stepsPer
const told = residual
const { start, end, way, yaws } = journey
const turnRadians = radiansPerTurn
const hitch = hitchBehindTruck
const holdSeconds = ratesHoldSeconds

/** Share of each rate that is believed. */
const believed = { ...believedRates, roll: 0.7, drift: 0.3 } as const
/** Share by which each rate follows what an update shows. */
const follows = { jerk: 0.7, yawAcceleration: 0.9, pitch: 0.6, roll: 0.6, drift: 0.3 } as const
/** Share of the acceleration that the change of speed tells; the rest is what the baseline tells. */
const inferredShare = 0.4

/** Below this, s, two updates tell nothing of how motion changes: a step of rounding between them would look like a jolt. */
const leastSecondsForRates = 1 / 64

/** Everything one vehicle's coding needs along the way, reused. */
const ways = { span: 0, held: 0.5, perSecond: 0.5, showed: 0.5, share: 0.5 }

/**
 * Codes the motion of `update` as told against `base`, sampled `ticks` (¼ ms) before it: with an encoder it reads the
 * codes of `update`, with a decoder it fills them in. Either way it fills in rates and doubts.
 */
export function codeMotion(coder: SymbolCoder, base: Known, update: Known, ticks: number): void {
  const seconds = ticks / 4_000
  way.seconds = seconds
  ways.span = spanOf(ticks)
  ways.held = Math.min(seconds, holdSeconds)
  ways.perSecond = seconds < leastSecondsForRates ? 0 : 1 / seconds
  readMoment(base.codes, start)
  codeDrive(coder, base, update)
  codeAttitude(coder, base, update)
  codePlace(coder, base, update)
  const trailers = trailersOf(update)
  if (trailers > 0) codeTrailers(coder, base, update, trailers)
}

function readMoment(codes: Codes, moment: typeof start): void {
  moment.speed = -(codes[at.velocityZ] ?? 0) / steps.speed
  moment.acceleration = (codes[at.acceleration] ?? 0) / steps.acceleration
  moment.heading = (codes[at.heading] ?? 0) / steps.turn
  moment.yawRate = (codes[at.yawRate] ?? 0) / steps.yawRate
  moment.pitch = (codes[at.pitch] ?? 0) / steps.turn
  moment.left = -(codes[at.velocityX] ?? 0) / steps.slip
  moment.up = (codes[at.velocityY] ?? 0) / steps.slip
}

/** Speed and acceleration, yaw rate, heading and sideways velocity. */
function codeDrive(coder: SymbolCoder, base: Known, update: Known): void {
  const { held, perSecond } = ways
  const { seconds } = way
  const jerk = base.rates[rate.jerk] ?? 0
  const ahead = jerk * held * believed.jerk
  const speed = start.speed + (start.acceleration + ahead) * seconds
  // Braking ends at standstill.
  told.predicted = start.speed * speed < 0 ? 0 : -speed * steps.speed
  code(coder, base, update, at.velocityZ, of.speed, of.speed)
  end.speed = -(update.codes[at.velocityZ] ?? 0) / steps.speed
  const stands = end.speed === 0

  const inferred =
    perSecond > 0 ? 2 * (end.speed - start.speed) * perSecond - start.acceleration : start.acceleration
  const expected = inferredShare * inferred + (1 - inferredShare) * (start.acceleration + 2 * ahead)
  told.predicted = stands ? 0 : expected * steps.acceleration
  code(coder, base, update, at.acceleration, of.acceleration, of.acceleration)
  end.acceleration = (update.codes[at.acceleration] ?? 0) / steps.acceleration
  ways.showed = (end.acceleration - start.acceleration) * perSecond
  ways.share = follows.jerk
  follow(base, update, rate.jerk)

  const yawAcceleration = base.rates[rate.yawAcceleration] ?? 0
  // Wheels turn a truck only while they roll.
  told.predicted = stands
    ? 0
    : (start.yawRate + yawAcceleration * held * believed.yawAcceleration) * steps.yawRate
  code(coder, base, update, at.yawRate, of.yawRate, of.yawRate)
  end.yawRate = (update.codes[at.yawRate] ?? 0) / steps.yawRate
  ways.showed = (end.yawRate - start.yawRate) * perSecond
  ways.share = follows.yawAcceleration
  follow(base, update, rate.yawAcceleration)

  const turned = ((start.yawRate + end.yawRate) * seconds) / (2 * turnRadians)
  told.predicted = (start.heading + turned) * steps.turn
  codeAngle(coder, base, update, at.heading, of.heading, of.heading, steps.turn)
  end.heading = (update.codes[at.heading] ?? 0) / steps.turn
  update.codes[at.heading] = (update.codes[at.heading] ?? 0) & (steps.turn - 1)

  // Ahead of the axles that it turns about, a truck moves sideways as it turns.
  told.predicted = stands ? 0 : -(start.left + (end.yawRate - start.yawRate) * hitch) * steps.slip
  code(coder, base, update, at.velocityX, of.slip, of.slip)
  end.left = -(update.codes[at.velocityX] ?? 0) / steps.slip
}

/** Pitch, roll and the velocity up. */
function codeAttitude(coder: SymbolCoder, base: Known, update: Known): void {
  const { held, perSecond } = ways
  const pitch = base.codes[at.pitch] ?? 0
  told.predicted = pitch + (base.rates[rate.pitch] ?? 0) * held * believed.pitch
  code(coder, base, update, at.pitch, of.pitch, of.pitch)
  end.pitch = (update.codes[at.pitch] ?? 0) / steps.turn
  ways.showed = ((update.codes[at.pitch] ?? 0) - pitch) * perSecond
  ways.share = follows.pitch
  follow(base, update, rate.pitch)

  const roll = base.codes[at.roll] ?? 0
  told.predicted = roll + (base.rates[rate.roll] ?? 0) * held * believed.roll
  codeAngle(coder, base, update, at.roll, of.roll, of.roll, steps.rollTurn)
  ways.showed = ((update.codes[at.roll] ?? 0) - roll) * perSecond
  ways.share = follows.roll
  follow(base, update, rate.roll)
  update.codes[at.roll] = wrapCode(update.codes[at.roll] ?? 0, steps.rollTurn)

  told.predicted = end.speed === 0 ? 0 : (base.codes[at.velocityY] ?? 0)
  code(coder, base, update, at.velocityY, of.lift, of.lift)
  end.up = (update.codes[at.velocityY] ?? 0) / steps.slip
}

function codePlace(coder: SymbolCoder, base: Known, update: Known): void {
  travel()
  told.predicted = (base.codes[at.x] ?? 0) + way.east * steps.metre
  code(coder, base, update, at.x, of.place, of.place)
  const afterEast = update.doubts[of.place] ?? 0
  told.predicted = (base.codes[at.z] ?? 0) - way.north * steps.metre
  code(coder, base, update, at.z, of.place, of.place)
  update.doubts[of.place] = ((update.doubts[of.place] ?? 0) + afterEast) / 2
  told.predicted = (base.codes[at.y] ?? 0) + way.up * steps.metre
  code(coder, base, update, at.y, of.height, of.height)
}

function codeTrailers(coder: SymbolCoder, base: Known, update: Known, count: number): void {
  const { held, perSecond } = ways
  for (let index = 0; index < count; index++) {
    yaws[index] = (base.codes[at.trailers + index * codesPerTrailer] ?? 0) / steps.turn
  }
  pullTrailers(count)
  // Pitch in the world, of what pulls the trailer.
  let pitchBefore = base.codes[at.pitch] ?? 0
  let pitchAfter = update.codes[at.pitch] ?? 0
  for (let index = 0; index < count; index++) {
    const yaw = at.trailers + index * codesPerTrailer
    const pitch = yaw + 1
    const roll = yaw + 2
    const pitchRate = rate.trailers + index * ratesPerTrailer
    const rollRate = pitchRate + 1
    const drift = pitchRate + 2
    const doubts = trailerDoubts + index * doubtsPerTrailer

    const rolled = (yaws[index] ?? 0) * steps.turn
    told.predicted = rolled + (base.rates[drift] ?? 0) * held * believed.drift
    codeAngle(coder, base, update, yaw, of.trailerYaw, doubts, steps.turn)
    ways.showed = ((update.codes[yaw] ?? 0) - rolled) * perSecond
    ways.share = follows.drift
    follow(base, update, drift)
    update.codes[yaw] = wrapCode(update.codes[yaw] ?? 0, steps.turn)

    const before = pitchBefore + (base.codes[pitch] ?? 0)
    told.predicted = before + (base.rates[pitchRate] ?? 0) * held * believed.pitch - pitchAfter
    codeAngle(coder, base, update, pitch, of.trailerPitch, doubts + 1, steps.turn)
    const after = pitchAfter + (update.codes[pitch] ?? 0)
    ways.showed = (after - before) * perSecond
    ways.share = follows.pitch
    follow(base, update, pitchRate)
    update.codes[pitch] = wrapCode(update.codes[pitch] ?? 0, steps.turn)
    pitchBefore = before
    pitchAfter = after

    const rollBefore = base.codes[roll] ?? 0
    told.predicted = rollBefore + (base.rates[rollRate] ?? 0) * held * believed.roll
    codeAngle(coder, base, update, roll, of.trailerRoll, doubts + 2, steps.rollTurn)
    ways.showed = ((update.codes[roll] ?? 0) - rollBefore) * perSecond
    ways.share = follows.roll
    follow(base, update, rollRate)
    update.codes[roll] = wrapCode(update.codes[roll] ?? 0, steps.rollTurn)
  }
}

/** Codes `update.codes[index]` about `residual.predicted`. */
function code(coder: SymbolCoder, base: Known, update: Known, index: number, of: number, slot: number): void {
  const { codes, doubts } = update
  codes[index] = codeDoubted(coder, codes[index] ?? 0, of, ways.span, base.doubts, doubts, slot)
}

/** Codes an angle, of which `turn` make a turn, the short way round: leaves it within half a turn of `told.predicted`. */
function codeAngle(
  coder: SymbolCoder,
  base: Known,
  update: Known,
  index: number,
  of: number,
  slot: number,
  turn: number,
): void {
  const nearest = Math.floor(told.predicted + 0.5) | 0
  update.codes[index] = nearest + wrapCode((update.codes[index] ?? 0) - nearest, turn)
  code(coder, base, update, index, of, slot)
}

/** Moves a rate towards `ways.showed`, by `ways.share` of the way; one too close to its baseline shows nothing. */
function follow(base: Known, update: Known, rate: number): void {
  const before = base.rates[rate] ?? 0
  update.rates[rate] = ways.perSecond > 0 ? before + (ways.showed - before) * ways.share : before
}
