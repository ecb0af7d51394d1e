import type { Listenable } from '../core/index.ts'

/** Events of a {@link Route}. */
export type RouteEvents = {
  /** A message from the other end, at most `limits.rendezvousMessageBytes`. */
  message: Uint8Array
  /** The route is over; nothing follows. */
  closed: undefined
}

/**
 * A way for messages between a joiner and a host through a rendezvous. It carries opaque bytes, in order,
 * and may end at any time; both ends learn of it.
 */
export interface Route extends Listenable<RouteEvents> {
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
  route: Route
}

/** How two peers that know no address of each other exchange their first messages. */
export interface Rendezvous {
  /** What goes into an invite so that others find this rendezvous, e.g. `ws://host:port`. */
  readonly hint: string
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
  /** The envelopes of the sessions on the public list, not yet verified. */
  list(signal?: AbortSignal): Promise<Uint8Array[]>
  /** STUN and TURN servers that this rendezvous offers. */
  iceServers(): readonly { urls: string | string[]; username?: string; credential?: string }[]
  /**
   * The network of this machine changed: what was connected over the former one is connected anew at once, and
   * announced again. A rendezvous without connections has no need of it.
   */
  reconnect?(): void
  /** Closes every session and route. Idempotent. */
  close(): Promise<void>
}
