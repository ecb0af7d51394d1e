/** Waits of a client, ms unless said otherwise. All can be set, e.g. shorter in tests. */
export interface RendezvousTimings {
  /** Until the service has to have accepted the connection and said welcome. */
  connectMs: number
  /** Until a request has to be answered. */
  requestMs: number
  /** How long closing a session waits until the service has confirmed that nobody finds it any more. */
  withdrawMs: number
  /** Waits between attempts to come back, while something is announced; the last one repeats. */
  backOffMs: readonly number[]
  /** Periods without a ping of the service after which the connection counts as dead. */
  missedPings: number
}

/** See {@link RendezvousTimings}. */
export const defaultTimings: RendezvousTimings = {
  // A TLS handshake over a satellite link takes about 3 s; people give up on a page after about 10.
  connectMs: 8_000,
  // Longer than the service lets a request wait for a host that is reconnecting (5 s), and a slow round trip.
  requestMs: 10_000,
  // A slow round trip. The service forgets by itself when the connection ends, so nothing is lost after that.
  withdrawMs: 1_000,
  // A restarted service is back within a second or two; nobody can join a session, or find its host again, until it is announced
  // anew, and a host that calls every 5 s is no burden, since only hosts do.
  backOffMs: [1_000, 3_000, 5_000],
  // One lost in a hand-over between networks is no reason to reconnect; three in a row are.
  missedPings: 3,
}

/** Share of a back-off that is random, both ways: clients of a restarted service must not return in step. */
export const backOffJitter = 0.25

/** Messages kept on a route that nobody listens to yet: a knock, its answer, an offer and its candidates. */
export const unheardMessages = 64

/** Routes kept of a hosted session that nobody listens to yet; more are closed. */
export const unheardRoutes = 64

/** Sessions taken from one service's public list: what one reads at a glance, and no way to fill memory. */
export const listedSessions = 1_000

/** One-way delay of the in-memory rendezvous, ms: enough that nothing can depend on there being none. */
export const memoryLatencyMs = 5

/** Addresses whose rates a service remembers at once: 10,000 buckets are about 2 MB. */
export const rememberedAddresses = 10_000
