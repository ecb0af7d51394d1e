import * as v from 'valibot'
import { ConvoyError } from '../core/index.ts'
import { parseIceUrl } from '../protocol/index.ts'
import type { IceServer, IceTransportPolicy } from '../rtc/index.ts'
import type { ConvoyOptions } from './types.ts'

/** Servers a program may name: browsers warn at five, since each slows finding a way down. */
const mostServers = 16
/** Characters of a user name or credential: what STUN's USERNAME takes. */
const credentialLength = 512

const text = v.pipe(v.string(), v.maxLength(credentialLength))
const serversSchema = v.optional(
  v.pipe(
    v.array(
      v.object({
        urls: v.union([v.string(), v.array(v.string())]),
        username: v.optional(text),
        credential: v.optional(text),
      }),
    ),
    v.maxLength(mostServers),
  ),
  [],
)

const policySchema = v.picklist(['all', 'relay'])

/**
 * The ICE servers and the policy of the options, checked: what is wrong in them engines tell late, each in its own words or by
 * throwing.
 * @throws ConvoyError `invalid-argument`.
 */
export function iceOf(options: ConvoyOptions): { own: readonly IceServer[]; policy: IceTransportPolicy } {
  const { iceServers, iceTransportPolicy: policy = 'all' } = options
  if (!v.is(policySchema, policy)) throw wrong('iceTransportPolicy', 'is "all" or "relay"')
  if (!v.safeParse(serversSchema, iceServers).success) {
    throw wrong(
      'iceServers',
      `has at most ${mostServers} servers, each with urls, and username and credential for TURN`,
    )
  }
  const own = iceServers ?? []
  for (const { urls, username, credential } of own) {
    for (const url of [urls].flat()) {
      const parsed = parseIceUrl(url)
      if (parsed === undefined) {
        throw wrong(
          'iceServers',
          `holds "${url.slice(0, 80)}", which is no address like stun:host:3478 or turn:host:3478?transport=udp`,
        )
      }
      if (parsed.scheme.startsWith('turn') && !(username && credential)) {
        throw wrong(
          'iceServers',
          `holds ${url} without username and credential, which every TURN server asks for`,
        )
      }
    }
  }
  return { own, policy }
}

function wrong(option: string, what: string): ConvoyError {
  return new ConvoyError('invalid-argument', `The option "${option}" is not valid: it ${what}.`)
}
