import type { ConvoyError, Listenable } from '../core/index.ts'
import type { PasswordParams, Vote } from '../identity/index.ts'

/** Events of a {@link Route}. */
export type RouteEvents = {
  /** A message from the other end, at most `limits.rendezvousMessageBytes`. */
  message: Uint8Array
  /** The route is over; nothing follows. */
  closed: undefined
}

/** What a host asks of a joiner, told beforehand where asking later would cost people another text. */
export interface EarlyChallenge {
  /** 16 bytes, made by the host. */
  readonly nonce: Uint8Array
  /** How the password becomes a key; null where there is none. */
  readonly password: Pick<PasswordParams, 'salt' | 'iterations'> | null
}

/** What is different where people carry the messages of a {@link Route}: each turn of a side costs them a text. */
export interface RouteByHand {
  /** The joiner answers this unasked, and the host takes the answer. */
  readonly challenge: EarlyChallenge
  /** How long the other side's turn may take, ms. */
  readonly patienceMs: number
  /** Tells whoever carried it that what was carried is of no use. */
  refused(cause: ConvoyError): void
}

/**
 * A way for messages between a joiner and a host through a rendezvous. It carries opaque bytes, in order,
 * and may end at any time; both ends learn of it.
 */
export interface Route extends Listenable<RouteEvents> {
  /**
   * At a host: alike for joiners of one network address, of 8 bytes, and no way back to that; undefined where the rendezvous does
   * not tell. A hint by which to share out what strangers may ask for, and no proof of anything.
   */
  readonly origin?: Uint8Array | undefined
  /** Where people carry the messages: whoever speaks says all it has to say in one message, and waits for long. */
  readonly byHand?: RouteByHand | undefined
  /**
   * @throws ConvoyError `message-too-large`, `closed`.
   */
  send(message: Uint8Array): void
  /** Idempotent. */
  close(): void
}

/** What a host puts up at a rendezvous. */
export interface Announcement {
  /** 16 bytes. */
  sessionId: Uint8Array
  /**
   * The signed announcement (see identity/announcement.ts): who the host is, its box key, and what the public
   * list shows. The rendezvous checks it and hands it to whoever asks for the session.
   */
  envelope: Uint8Array
  /**
   * Of a host that was elected: the entries of the record that prove it (see identity/succession.ts). The rendezvous
   * checks and hands out these as well.
   */
  proof?: readonly Uint8Array[]
  /** How the session's password becomes a key; null where it has none. Only what people carry tells of it beforehand. */
  password?: EarlyChallenge['password']
}

/** Events of a {@link HostedSession}. */
export type HostedSessionEvents = {
  /** A joiner opened a route; its messages follow on it, the first being the knock. */
  route: Route
  /** The rendezvous can't be reached for now, or again. Reconnecting is the rendezvous' own business. */
  lost: { cause?: unknown }
  restored: undefined
  /**
   * The rendezvous is reached but takes the announcement no longer, e.g. because it has expired. `update` with a
   * newly signed one puts the session up again.
   */
  stale: { cause: unknown }
}

/** A session as announced at one rendezvous. */
export interface HostedSession extends Listenable<HostedSessionEvents> {
  /** Replaces the announcement, e.g. for a new player count. */
  update(announcement: Announcement): Promise<void>
  /** Withdraws it; routes that are open stay. Idempotent. */
  close(): Promise<void>
}

/** A joiner's route and the host's announcement it was opened by. */
export interface ReachedSession {
  /** As the host signed it; not yet verified. */
  envelope: Uint8Array
  /** What proves a host that was elected; not yet verified. */
  proof?: readonly Uint8Array[]
  route: Route
}

/** Two voters that may be in need of a third one. */
export interface WitnessRegistration {
  /** 16 bytes. */
  sessionId: Uint8Array
  /** Names the two voters, 32 bytes: the digest of the `voters` entry. */
  config: Uint8Array
  /** Of the one-time secret of each voter: see `witnessSecretHash`. */
  secretHashes: readonly Uint8Array[]
}

/** What a voter asks of a witness. */
export interface GrantRequest {
  config: Uint8Array
  /** The voter's one-time secret, 32 bytes. */
  secret: Uint8Array
  vote: Vote
}

/**
 * A service that votes where there are two voters, so that one of them can go on alone: it grants one vote for each
 * configuration, to the first who asks.
 */
export interface Witness {
  /** Sign key of its votes, 32 bytes. */
  readonly key: Uint8Array
  /** Names its process, 16 bytes: one that restarted is another witness. */
  readonly boot: Uint8Array
  /**
   * Makes a configuration known; once more, it is kept for longer: by default for a day.
   * @throws ConvoyError `not-permitted` where it has other secrets there, `rate-limited`; `session-not-found` once the
   * witness restarted; `rendezvous-unreachable`, `aborted`.
   */
  register(registration: WitnessRegistration, signal?: AbortSignal): Promise<void>
  /**
   * Asks for the vote; the same request gets the same bytes again.
   * @returns the signed vote, not yet verified.
   * @throws ConvoyError `not-permitted` where it was granted to another request; `message-unauthentic` for a wrong
   * secret; `session-not-found` once the witness restarted, or where the configuration was never registered or is too
   * old; `rate-limited`, `rendezvous-unreachable`, `aborted`.
   */
  grant(request: GrantRequest, signal?: AbortSignal): Promise<Uint8Array>
}

/** How two peers that know no address of each other exchange their first messages. */
export interface Rendezvous {
  /** What goes into an invite so that others find this rendezvous, e.g. `ws://host:port`. */
  readonly hint: string
  /** What goes into an invite instead, where it is more than one or may be none; known once `ready` resolved. */
  readonly hints?: readonly string[]
  /** Prepares what `hints` tell. Otherwise done when first needed. */
  ready?(signal?: AbortSignal): Promise<void>
  /**
   * Takes a hint of an invite, to ask there for its session as well; false where it is not of this rendezvous' kind. One
   * without the method takes none.
   */
  follow?(hint: string): boolean
  /** Whether people carry what is said: nobody is reached unless they do, and so never unasked. */
  readonly byHand?: boolean
  /**
   * Announces a session and keeps it announced across reconnects until closed.
   * @throws ConvoyError `rendezvous-unreachable`, `rate-limited`, `message-unauthentic`, `aborted`.
   */
  announce(announcement: Announcement, signal?: AbortSignal): Promise<HostedSession>
  /**
   * Opens a route to the host of a session.
   * @throws ConvoyError `rendezvous-unreachable`, `session-not-found`, `rate-limited`, `aborted`.
   */
  reach(sessionId: Uint8Array, signal?: AbortSignal): Promise<ReachedSession>
  /** The envelopes of the sessions on the public list, not yet verified and without what proves a host that was elected. */
  list(signal?: AbortSignal): Promise<Uint8Array[]>
  /** STUN and TURN servers that this rendezvous offers, as it said last; without credentials that have expired. */
  iceServers(): readonly { urls: string | string[]; username?: string; credential?: string }[]
  /**
   * When {@link Rendezvous.renewIceServers} is due, on the rendezvous' clock, ms; undefined while nothing it offers expires. A
   * rendezvous without the method offers nothing that does.
   */
  iceRenewalAt?(): number | undefined
  /**
   * Asks for TURN credentials anew, connecting where need be.
   * @throws ConvoyError `rendezvous-unreachable`, `rate-limited`, `aborted`.
   */
  renewIceServers?(signal?: AbortSignal): Promise<void>
  /**
   * The witness that this rendezvous has, connecting where need be; undefined where it has none. A rendezvous without the
   * method has none either.
   * @throws ConvoyError `rendezvous-unreachable`, `aborted`.
   */
  witness?(signal?: AbortSignal): Promise<Witness | undefined>
  /**
   * The network of this machine changed: what was connected over the former one is connected anew at once, and
   * announced again. A rendezvous without connections has no need of it.
   */
  reconnect?(): void
  /** Closes every session and route. Idempotent. */
  close(): Promise<void>
}
