import { radiansPerTurn } from '../deterministicMath.ts'
import { believedRates, hitchBehindTruck, ratesHoldSeconds } from '../prediction.ts'
import { end, pullTrailers, start, travel, way, yaws } from './between.ts'
import { codeOf, codesPerTrailer, stepsPer, wrapCode, type Codes } from './codes.ts'
import { doubtsPerTrailer, rateOf, ratesPerTrailer, trailerDoubts, trailersOf, type Known } from './known.ts'
import { lookUpScale, model, quantity, spanOf, updateDoubt } from './residualModel.ts'
import { residual, type SymbolCoder } from './symbols.ts'

/*
 * How motion is told against a baseline, docs/protocol/05-vehicle.md [VEH-14] to [VEH-16]: what drives the vehicle first (speed, acceleration, yaw
 * rate), then what follows from it (heading, place, trailers), each predicted from all that is known by then, so
 * that nearly all of it is told in a fraction of a bit. Every number is computed alike by both ends: only + − × ÷ √ and
 * integers. Constants were found by the bits they save on generated drives (scripts/fitResidualModel.ts).
 */

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
  // Not a choice of one or the other: an imported constant is an object, and would make the number stored one as well.
  ways.held = Math.min(seconds, ratesHoldSeconds)
  ways.perSecond = seconds < leastSecondsForRates ? 0 : 1 / seconds
  readMoment(base.codes, start)
  codeDrive(coder, base, update)
  codeAttitude(coder, base, update)
  codePlace(coder, base, update)
  const trailers = trailersOf(update)
  if (trailers > 0) codeTrailers(coder, base, update, trailers)
}

function readMoment(codes: Codes, moment: typeof start): void {
  moment.speed = -at(codes, codeOf.velocityZ) / stepsPer.speed
  moment.acceleration = at(codes, codeOf.acceleration) / stepsPer.acceleration
  moment.heading = at(codes, codeOf.heading) / stepsPer.turn
  moment.yawRate = at(codes, codeOf.yawRate) / stepsPer.yawRate
  moment.pitch = at(codes, codeOf.pitch) / stepsPer.turn
  moment.left = -at(codes, codeOf.velocityX) / stepsPer.slip
  moment.up = at(codes, codeOf.velocityY) / stepsPer.slip
}

/** Speed and acceleration, yaw rate, heading and sideways velocity. */
function codeDrive(coder: SymbolCoder, base: Known, update: Known): void {
  const { held, perSecond } = ways
  const { seconds } = way
  const jerk = at(base.rates, rateOf.jerk)
  const ahead = jerk * held * believed.jerk
  const speed = start.speed + (start.acceleration + ahead) * seconds
  // Braking ends at standstill.
  residual.predicted = start.speed * speed < 0 ? 0 : -speed * stepsPer.speed
  code(coder, base, update, codeOf.velocityZ, quantity.speed, quantity.speed)
  end.speed = -at(update.codes, codeOf.velocityZ) / stepsPer.speed
  const stands = end.speed === 0

  const inferred =
    perSecond > 0 ? 2 * (end.speed - start.speed) * perSecond - start.acceleration : start.acceleration
  const expected = inferredShare * inferred + (1 - inferredShare) * (start.acceleration + 2 * ahead)
  residual.predicted = stands ? 0 : expected * stepsPer.acceleration
  code(coder, base, update, codeOf.acceleration, quantity.acceleration, quantity.acceleration)
  end.acceleration = at(update.codes, codeOf.acceleration) / stepsPer.acceleration
  ways.showed = (end.acceleration - start.acceleration) * perSecond
  ways.share = follows.jerk
  follow(base, update, rateOf.jerk)

  const yawAcceleration = at(base.rates, rateOf.yawAcceleration)
  // Wheels turn a truck only while they roll.
  residual.predicted = stands
    ? 0
    : (start.yawRate + yawAcceleration * held * believed.yawAcceleration) * stepsPer.yawRate
  code(coder, base, update, codeOf.yawRate, quantity.yawRate, quantity.yawRate)
  end.yawRate = at(update.codes, codeOf.yawRate) / stepsPer.yawRate
  ways.showed = (end.yawRate - start.yawRate) * perSecond
  ways.share = follows.yawAcceleration
  follow(base, update, rateOf.yawAcceleration)

  const turned = ((start.yawRate + end.yawRate) * seconds) / (2 * radiansPerTurn)
  residual.predicted = (start.heading + turned) * stepsPer.turn
  codeAngle(coder, base, update, codeOf.heading, quantity.heading, quantity.heading, stepsPer.turn)
  end.heading = at(update.codes, codeOf.heading) / stepsPer.turn
  update.codes[codeOf.heading] = at(update.codes, codeOf.heading) & (stepsPer.turn - 1)

  // Ahead of the axles that it turns about, a truck moves sideways as it turns.
  residual.predicted = stands
    ? 0
    : -(start.left + (end.yawRate - start.yawRate) * hitchBehindTruck) * stepsPer.slip
  code(coder, base, update, codeOf.velocityX, quantity.slip, quantity.slip)
  end.left = -at(update.codes, codeOf.velocityX) / stepsPer.slip
}

/** Pitch, roll and the velocity up. */
function codeAttitude(coder: SymbolCoder, base: Known, update: Known): void {
  const { held, perSecond } = ways
  const pitch = at(base.codes, codeOf.pitch)
  residual.predicted = pitch + at(base.rates, rateOf.pitch) * held * believed.pitch
  code(coder, base, update, codeOf.pitch, quantity.pitch, quantity.pitch)
  end.pitch = at(update.codes, codeOf.pitch) / stepsPer.turn
  ways.showed = (at(update.codes, codeOf.pitch) - pitch) * perSecond
  ways.share = follows.pitch
  follow(base, update, rateOf.pitch)

  const roll = at(base.codes, codeOf.roll)
  residual.predicted = roll + at(base.rates, rateOf.roll) * held * believed.roll
  codeAngle(coder, base, update, codeOf.roll, quantity.roll, quantity.roll, stepsPer.rollTurn)
  ways.showed = (at(update.codes, codeOf.roll) - roll) * perSecond
  ways.share = follows.roll
  follow(base, update, rateOf.roll)
  update.codes[codeOf.roll] = wrapCode(at(update.codes, codeOf.roll), stepsPer.rollTurn)

  residual.predicted = end.speed === 0 ? 0 : at(base.codes, codeOf.velocityY)
  code(coder, base, update, codeOf.velocityY, quantity.lift, quantity.lift)
  end.up = at(update.codes, codeOf.velocityY) / stepsPer.slip
}

function codePlace(coder: SymbolCoder, base: Known, update: Known): void {
  travel()
  residual.predicted = at(base.codes, codeOf.x) + way.east * stepsPer.metre
  code(coder, base, update, codeOf.x, quantity.place, quantity.place)
  const afterEast = at(update.doubts, quantity.place)
  residual.predicted = at(base.codes, codeOf.z) - way.north * stepsPer.metre
  code(coder, base, update, codeOf.z, quantity.place, quantity.place)
  update.doubts[quantity.place] = (at(update.doubts, quantity.place) + afterEast) / 2
  residual.predicted = at(base.codes, codeOf.y) + way.up * stepsPer.metre
  code(coder, base, update, codeOf.y, quantity.height, quantity.height)
}

function codeTrailers(coder: SymbolCoder, base: Known, update: Known, count: number): void {
  const { held, perSecond } = ways
  for (let index = 0; index < count; index++) {
    yaws[index] = at(base.codes, codeOf.trailers + index * codesPerTrailer) / stepsPer.turn
  }
  pullTrailers(count)
  // Pitch in the world, of what pulls the trailer.
  let pitchBefore = at(base.codes, codeOf.pitch)
  let pitchAfter = at(update.codes, codeOf.pitch)
  for (let index = 0; index < count; index++) {
    const yaw = codeOf.trailers + index * codesPerTrailer
    const pitch = yaw + 1
    const roll = yaw + 2
    const pitchRate = rateOf.trailers + index * ratesPerTrailer
    const rollRate = pitchRate + 1
    const drift = pitchRate + 2
    const doubts = trailerDoubts + index * doubtsPerTrailer

    const rolled = (yaws[index] ?? 0) * stepsPer.turn
    residual.predicted = rolled + at(base.rates, drift) * held * believed.drift
    codeAngle(coder, base, update, yaw, quantity.trailerYaw, doubts, stepsPer.turn)
    ways.showed = (at(update.codes, yaw) - rolled) * perSecond
    ways.share = follows.drift
    follow(base, update, drift)
    update.codes[yaw] = wrapCode(at(update.codes, yaw), stepsPer.turn)

    const before = pitchBefore + at(base.codes, pitch)
    residual.predicted = before + at(base.rates, pitchRate) * held * believed.pitch - pitchAfter
    codeAngle(coder, base, update, pitch, quantity.trailerPitch, doubts + 1, stepsPer.turn)
    const after = pitchAfter + at(update.codes, pitch)
    ways.showed = (after - before) * perSecond
    ways.share = follows.pitch
    follow(base, update, pitchRate)
    update.codes[pitch] = wrapCode(at(update.codes, pitch), stepsPer.turn)
    pitchBefore = before
    pitchAfter = after

    const rollBefore = at(base.codes, roll)
    residual.predicted = rollBefore + at(base.rates, rollRate) * held * believed.roll
    codeAngle(coder, base, update, roll, quantity.trailerRoll, doubts + 2, stepsPer.rollTurn)
    ways.showed = (at(update.codes, roll) - rollBefore) * perSecond
    ways.share = follows.roll
    follow(base, update, rollRate)
    update.codes[roll] = wrapCode(at(update.codes, roll), stepsPer.rollTurn)
  }
}

/** Codes `update.codes[index]` about `residual.predicted`. */
function code(coder: SymbolCoder, base: Known, update: Known, index: number, of: number, slot: number): void {
  lookUpScale(of, ways.span, base.doubts, slot)
  residual.scale = model.scale
  update.codes[index] = coder.residual(at(update.codes, index))
  updateDoubt(of, ways.span, base.doubts, slot, update.doubts)
}

/** Codes an angle, of which `turn` make a turn, the short way round: leaves it within half a turn of `residual.predicted`. */
function codeAngle(
  coder: SymbolCoder,
  base: Known,
  update: Known,
  index: number,
  of: number,
  slot: number,
  turn: number,
): void {
  const nearest = Math.floor(residual.predicted + 0.5)
  update.codes[index] = nearest + wrapCode(at(update.codes, index) - nearest, turn)
  code(coder, base, update, index, of, slot)
}

/** Moves a rate towards `ways.showed`, by `ways.share` of the way; one too close to its baseline shows nothing. */
function follow(base: Known, update: Known, rate: number): void {
  const before = at(base.rates, rate)
  update.rates[rate] = ways.perSecond > 0 ? before + (ways.showed - before) * ways.share : before
}

function at(numbers: Int32Array | Float64Array, index: number): number {
  return numbers[index] ?? 0
}
