import { createHmac } from 'node:crypto'
import { ConvoyError, toHex, utf8, type Clock, type RandomSource } from '../lib/core/index.ts'
import { domainHash } from '../lib/identity/index.ts'
import { parseIceUrl } from '../lib/protocol/index.ts'
import type { TurnAccess } from '../lib/rendezvous/index.ts'

/** TURN servers that share a secret with the service. */
export interface TurnOptions {
  /** `turn:host:port`, with `?transport=tcp` for TCP, or `turns:host:port` for TLS; 1 to 8. */
  urls: readonly string[]
  /** The server's `static-auth-secret`. It stays with the service. */
  secret: string
  /** For how long credentials are good, ms, 1 minute to 7 days (default 6 hours). */
  lifetimeMs?: number
}

/** Clients renew at half of it, so a service may be away for three hours; what leaks is of use to others for an evening at most. */
const defaultLifetimeMs = 6 * 3_600_000
const shortestLifetimeMs = 60_000
const longestLifetimeMs = 7 * 86_400_000

/** As many as one greeting may name. */
const mostUrls = 8

/** Bytes that name who has credentials: enough that no two addresses have the same. */
const idBytes = 8

/**
 * Makes time-limited credentials for TURN servers by the REST convention (draft-uberti-behave-turn-rest, coturn's
 * `use-auth-secret`): the user name is when they expire and whom they are for, the credential an HMAC-SHA1 of it ([NAT-2]).
 */
export class TurnCredentials {
  readonly #urls: string[]
  readonly #secret: string
  readonly #lifetimeMs: number
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #salt: Uint8Array

  /** @throws ConvoyError `invalid-argument`, which never quotes the secret. */
  constructor(options: TurnOptions, clock: Clock, random: RandomSource) {
    const { urls, secret, lifetimeMs = defaultLifetimeMs } = options
    const bad = urls.find((url) => parseIceUrl(url)?.scheme.startsWith('turn') !== true)
    if (bad !== undefined) {
      throw new ConvoyError(
        'invalid-argument',
        `"${bad.slice(0, 80)}" is no address of a TURN server: those look like turn:host:3478, turn:host:3478?transport=tcp or turns:host:5349.`,
      )
    }
    if (urls.length === 0 || urls.length > mostUrls)
      throw new ConvoyError('invalid-argument', `TURN takes 1 to ${mostUrls} addresses, not ${urls.length}.`)
    if (secret === '') {
      throw new ConvoyError(
        'invalid-argument',
        'The secret of the TURN server (static-auth-secret) is empty.',
      )
    }
    if (!(lifetimeMs >= shortestLifetimeMs && lifetimeMs <= longestLifetimeMs)) {
      throw new ConvoyError(
        'invalid-argument',
        `TURN credentials live for 1 minute to 7 days, not ${lifetimeMs} ms.`,
      )
    }
    this.#urls = [...urls]
    this.#secret = secret
    this.#lifetimeMs = lifetimeMs
    this.#clock = clock
    this.#random = random
    this.#salt = random.bytes(32)
  }

  /**
   * Credentials for a client.
   * @param address - whose quota at the TURN server counts; null where addresses are not told apart.
   */
  issue(address: string | null): TurnAccess {
    const seconds = Math.floor(this.#lifetimeMs / 1_000)
    const expiry = Math.floor(this.#clock.wallTime() / 1_000) + seconds
    const username = `${expiry}:${toHex(this.#idOf(address))}`
    const credential = createHmac('sha1', this.#secret).update(username).digest('base64')
    return { urls: [...this.#urls], username, credential, seconds }
  }

  // coturn counts a user's relays by what follows the expiry: alike for one address, and no way back to it.
  #idOf(address: string | null): Uint8Array {
    if (address === null) return this.#random.bytes(idBytes)
    return domainHash('openconvoy turn 1', idBytes, this.#salt, utf8(address))
  }
}
