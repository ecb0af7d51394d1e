export { Forwarding, type ForwardingParts } from './forwarding.ts'
export type { ForwardedForOthers } from './forwarder.ts'
export { forwardPayloadKind } from './forwardPayload.ts'
export type { ForwardedMember } from './reception.ts'
