import * as v from 'valibot'
import { announcementBytes, successionSchema } from '../../lib/identity/index.ts'
import {
  bytesOf,
  bytesUpTo,
  byType,
  count,
  decodeMessage,
  displayText,
  encodeMessage,
  limits,
  sessionId,
} from '../../lib/protocol/index.ts'
import { frameLimits, originBytes, refusalCodes } from '../../lib/rendezvous/index.ts'

/** What a service tells others of its sessions: docs/protocol/02e-mesh.md [MSH-5]. */
export const feedFrameSchema = byType([
  v.strictObject({ type: v.literal('feed'), version: count }),
  v.strictObject({ type: v.literal('up'), envelope: bytesUpTo(announcementBytes), proof: successionSchema }),
  v.strictObject({ type: v.literal('away'), session: sessionId }),
  v.strictObject({ type: v.literal('gone'), session: sessionId }),
  v.strictObject({ type: v.literal('synced') }),
  v.strictObject({ type: v.literal('beat') }),
])

/** What crosses the stream of one route: [MSH-10]. */
export const routeFrameSchema = byType([
  v.strictObject({
    type: v.literal('open'),
    version: count,
    session: sessionId,
    /** Alike for joiners of one address at the service that asks; null where it tells none apart. */
    origin: v.nullable(bytesOf(originBytes)),
  }),
  v.strictObject({ type: v.literal('opened') }),
  v.strictObject({
    type: v.literal('refused'),
    code: v.picklist(refusalCodes),
    reason: displayText(limits.reasonLength),
  }),
  v.strictObject({ type: v.literal('relay'), message: bytesUpTo(limits.rendezvousMessageBytes) }),
])

/** See {@link feedFrameSchema}. */
export type FeedFrame = v.InferOutput<typeof feedFrameSchema>
/** See {@link routeFrameSchema}. */
export type RouteFrame = v.InferOutput<typeof routeFrameSchema>

/** @throws ConvoyError `invalid-argument` or `message-too-large`: a mistake of ours. */
export function encodeFeedFrame(frame: FeedFrame): Uint8Array {
  return encodeMessage(feedFrameSchema, frame, frameLimits.frameBytes)
}

/** @throws ConvoyError `message-too-large` or `message-malformed`. */
export function decodeFeedFrame(bytes: Uint8Array): FeedFrame {
  return decodeMessage(feedFrameSchema, bytes, frameLimits.frameBytes)
}

/** @throws ConvoyError `invalid-argument` or `message-too-large`: a mistake of ours. */
export function encodeRouteFrame(frame: RouteFrame): Uint8Array {
  return encodeMessage(routeFrameSchema, frame, frameLimits.frameBytes)
}

/** @throws ConvoyError `message-too-large` or `message-malformed`. */
export function decodeRouteFrame(bytes: Uint8Array): RouteFrame {
  return decodeMessage(routeFrameSchema, bytes, frameLimits.frameBytes)
}
