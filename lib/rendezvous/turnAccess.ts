import * as v from 'valibot'
import { count, parseIceUrl, token } from '../protocol/index.ts'

/** TURN servers of one service: UDP, TCP and TLS of two machines are six. */
const mostUrls = 8
/** Bytes that coturn takes of a user name, and more than HMAC-SHA1 in base64 needs. */
const usernameBytes = 255
const credentialBytes = 128
/** A month: what lives longer is no time-limited credential. */
const longestSeconds = 31 * 86_400

/** Access to TURN servers for a while, as a service hands it out ([NAT-2]). */
export const turnAccessSchema = v.strictObject({
  urls: v.pipe(v.array(token(255)), v.minLength(1), v.maxLength(mostUrls)),
  username: token(usernameBytes),
  credential: token(credentialBytes),
  /** For how long from now: both clocks may be wrong. */
  seconds: v.pipe(count, v.minValue(1), v.maxValue(longestSeconds)),
})

/** See {@link turnAccessSchema}. */
export type TurnAccess = v.InferOutput<typeof turnAccessSchema>

/** The addresses among `urls` that are those of TURN servers: the others would make engines throw. */
export function turnUrls(urls: readonly string[]): string[] {
  return urls.filter((url) => parseIceUrl(url)?.scheme.startsWith('turn') === true)
}
