import * as v from 'valibot'
import { byType, count, decodeMessage, displayText, encodeMessage, token } from '../../protocol/index.ts'
import { vehicleRanges } from '../validate.ts'
import { modelLength, trafficIndices, trafficMessageBytes } from './constants.ts'

/** Name of the session's channel about traffic. */
export const trafficChannel = 'traffic'

/** What a vehicle looks like, in words of the embedding program. */
export const trafficModel = displayText(modelLength)

const memberId = token(64)
const ownershipNumber = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff))
const within = ([min, max]: readonly [number, number]) => v.pipe(v.number(), v.minValue(min), v.maxValue(max))
const several = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item), v.maxLength(trafficIndices))

/** A vehicle that its owner announces. */
const claim = v.strictObject({
  id: count,
  /** Under which its updates come. */
  index: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(trafficIndices)),
  number: ownershipNumber,
  model: trafficModel,
})

/** A vehicle that the arbiter gives to a member. */
const assignment = v.strictObject({
  id: count,
  number: ownershipNumber,
  owner: memberId,
  model: trafficModel,
  /** Where it is: x, y, z, heading, velocityZ. For an owner that never saw it. */
  place: v.strictTuple([
    within(vehicleRanges.x),
    within(vehicleRanges.y),
    within(vehicleRanges.z),
    within(vehicleRanges.heading),
    within(vehicleRanges.velocityZ),
  ]),
})

/** Everything that members say about traffic on `control` ([TRF-5]). */
const schema = byType([
  /** First on a link: all that the sender owns, and whether it takes vehicles over. */
  v.strictObject({ type: v.literal('list'), accepts: v.boolean(), vehicles: several(claim) }),
  v.strictObject({ type: v.literal('spawn'), vehicles: several(claim) }),
  v.strictObject({ type: v.literal('remove'), ids: several(count) }),
  v.strictObject({ type: v.literal('accepts'), accepts: v.boolean() }),
  /** Owner to arbiter: `to` is nearer. */
  v.strictObject({ type: v.literal('offer'), id: count, to: memberId }),
  /** Arbiter to all. */
  v.strictObject({ type: v.literal('assign'), vehicles: several(assignment) }),
])

/** See {@link schema}. */
export type TrafficMessage = v.InferOutput<typeof schema>
/** See {@link claim}. */
export type TrafficClaim = v.InferOutput<typeof claim>
/** See {@link assignment}. */
export type TrafficAssignment = v.InferOutput<typeof assignment>

export const encodeTraffic = (message: TrafficMessage): Uint8Array =>
  encodeMessage(schema, message, trafficMessageBytes)

/** @throws ConvoyError `message-too-large` or `message-malformed`. */
export const decodeTraffic = (body: Uint8Array): TrafficMessage =>
  decodeMessage(schema, body, trafficMessageBytes)

/** `items` in parts that fit a message. */
export function inMessages<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = []
  for (let from = 0; from < items.length; from += trafficIndices) {
    parts.push(items.slice(from, from + trafficIndices))
  }
  return parts
}
