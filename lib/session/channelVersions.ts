import * as v from 'valibot'
import { token } from '../protocol/index.ts'
import type { Refusal } from './admissionChecks.ts'

/** Characters of a channel's name: leaves room for the prefix within the 32 of the message. */
export const channelNameLength = 24

/** Channels that a program may declare: far more than one has, few enough for a knock. */
export const declaredChannels = 32

/** The name of a channel of the embedding program. */
export const channelName = token(channelNameLength)

/** Names of channels with the version of their messages ([ADM-15]). */
export const channelVersionsSchema = v.pipe(
  v.record(channelName, v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff))),
  v.check((versions) => Object.keys(versions).length <= declaredChannels, 'Too many channels'),
)

/** See {@link channelVersionsSchema}. */
export type ChannelVersions = Readonly<Record<string, number>>

/** Whether both sides mean the same by the channels that both have; a side without a channel never uses it. */
export function checkChannels(hosted: ChannelVersions, theirs: ChannelVersions): Refusal | undefined {
  for (const [name, version] of Object.entries(hosted)) {
    const other = Object.hasOwn(theirs, name) ? theirs[name] : undefined
    if (other === undefined || other === version) continue
    return {
      code: 'channel-mismatch',
      message: `The host has version ${version} of the channel "${name}", you have ${other}. Update the older side.`,
    }
  }
  return undefined
}
