export type * from './channel.ts'
export { ChannelHub } from './channelHub.ts'
export { Chat, chatChannel, checkChatText, readChatText, type ReceivedText } from './chat.ts'
export { channelPayloadKind, unheardMessages } from './constants.ts'
export {
  Interceptors,
  type Interception,
  type InterceptionVerdict,
  type Interceptor,
} from './interceptors.ts'
export { memberProfileSchema, emptyProfile, type MemberProfile } from './memberProfile.ts'
export { Profiles } from './profiles.ts'
export type { Member } from './member.ts'
export type { StandardResult, StandardSchema } from './standardSchema.ts'
