import type { SessionLimit } from './sessionLoad.ts'

/** What a client met that was refused as `rate-limited`: the names of {@link SwitchboardStats.limitsHit}. */
export type SwitchboardLimit =
  | 'socket-rate'
  | 'address-rate'
  | 'session-rate'
  | 'address-requests'
  | 'sessions'
  | 'socket-routes'
  | 'host-routes'
  | 'session-waiting'
  | 'address-waiting'
  | 'configurations'
  | 'draining'
  | SessionLimit

/** What one client, or all from one address, may take of a service. Every limit is an option. */
export interface SwitchboardLimits {
  /** Frames per second and in a burst, per socket. */
  framesPerSecond: number
  framesBurst: number
  /** Bytes per second and in a burst, per socket. */
  bytesPerSecond: number
  bytesBurst: number
  /** The same for all sockets of one address. */
  addressFramesPerSecond: number
  addressFramesBurst: number
  addressBytesPerSecond: number
  addressBytesBurst: number
  /** The same for all that goes over the routes of one session, both ways. */
  sessionFramesPerSecond: number
  sessionFramesBurst: number
  sessionBytesPerSecond: number
  sessionBytesBurst: number
  /** Requests (announce, withdraw, open, list, witness, grant) per second and in a burst, per address. */
  requestsPerSecond: number
  requestsBurst: number
  /** What `list` counts for among requests. */
  listCost: number
  /** Frames refused for rate, or malformed: so many at once, and so many a second, before the socket is cut. */
  strikes: number
  strikesPerSecond: number
  /** Sessions announced from one address. */
  sessionsPerAddress: number
  /** Sessions altogether. */
  sessions: number
  /** Routes that one socket has opened to hosts at the same time. */
  opensPerSocket: number
  /** Routes open on a host's socket, to all of its sessions: joiners that are being introduced at the same time. */
  routesPerSocket: number
  /** Routes open to one session. */
  routesPerSession: number
  /** Of those, routes that were opened from one address. */
  routesPerSessionAndAddress: number
  /** How often one session may be asked for, per second and in a burst. */
  sessionOpensPerSecond: number
  sessionOpensBurst: number
  /** Requests that wait for an absent host, for one session and from one address. */
  waitingPerSession: number
  waitingPerAddress: number
  /** Sessions handed out in one answer to `list`. */
  listings: number
  /** Configurations of voters that are witnessed for one address. */
  configurationsPerAddress: number
  /** Configurations altogether; 0 where it is no witness, since it would go down together with a voter. */
  configurations: number
  /** How long a configuration is kept after it was last registered, ms. */
  witnessMs: number
  /** Between two pings, ms. */
  pingMs: number
  /** Until the hello has to be there, ms. */
  greetingMs: number
  /** Pings in a row without a sign of life after which the socket is cut. */
  missedPings: number
  /** With nothing announced, open or asked for this long the socket is cut, ms. */
  idleMs: number
  /** Without a message for this long a route is closed, ms. */
  routeIdleMs: number
  /** How long a session stays while its host's socket is gone, ms. */
  hostGraceMs: number
  /** How long a request to open a route waits for a host whose socket is gone, ms. */
  openWaitMs: number
}

/** See {@link SwitchboardLimits}. */
export const defaultSwitchboardLimits: SwitchboardLimits = {
  // A host answers each joiner with about 20 frames (welcome, offer, candidates): 64 at once are 1,280.
  framesPerSecond: 100,
  framesBurst: 2_000,
  // Sealed signals are below 1 KiB each; the burst holds the same 64 joiners with room for large SDPs.
  bytesPerSecond: 128 * 1_024,
  bytesBurst: 2 * 1_024 * 1_024,
  // Ten sockets of those at once: a LAN party whose host sits among the guests.
  addressFramesPerSecond: 1_000,
  addressFramesBurst: 20_000,
  addressBytesPerSecond: 1_024 * 1_024,
  addressBytesBurst: 16 * 1_024 * 1_024,
  // Joining takes about 40 frames, both ways: 128 at once are 5,120. All that joiners send arrives at one host, on a line at home.
  sessionFramesPerSecond: 400,
  sessionFramesBurst: 8_000,
  sessionBytesPerSecond: 512 * 1_024,
  sessionBytesBurst: 8 * 1_024 * 1_024,
  // Checking an announcement is the dearest, about 0.5 ms of CPU (measured); a LAN party or a carrier's NAT shares one address.
  requestsPerSecond: 5,
  requestsBurst: 100,
  // Up to 400 KiB of answer: five at once, then one in four seconds.
  listCost: 20,
  // A program that is merely wrong stops when refused; what goes on after this many is a flood.
  strikes: 100,
  strikesPerSecond: 1,
  // One person hosts one; a carrier's NAT or a community's server some more.
  sessionsPerAddress: 32,
  // About 2 KiB each (measured), and what a later host's proof takes: 14 kB at most.
  sessions: 20_000,
  // A joiner needs one, and one more for each retry whose predecessor has not timed out yet.
  opensPerSocket: 16,
  // Two sessions with all that one may have: a community's server hosts several.
  routesPerSocket: 256,
  // A full convoy of 64 arriving at once, twice.
  routesPerSession: 128,
  // Half of them: nobody at one address can keep all others out, and a convoy of 64 behind one NAT gets in.
  routesPerSessionAndAddress: 64,
  // Those, and each of them once more; then one joiner every half second, which is more than a host can look at.
  sessionOpensPerSecond: 2,
  sessionOpensBurst: 256,
  // As many as may have routes at once, all of them waiting for a host that is coming back.
  waitingPerSession: 128,
  // The convoy of 64 behind one NAT.
  waitingPerAddress: 64,
  // What a page lists; about 400 KiB at the largest.
  listings: 200,
  // A convoy of two registers one, and another whenever a third comes and goes: a LAN party for a day.
  configurationsPerAddress: 256,
  // About 0.7 KiB each: 35 MB.
  configurations: 50_000,
  // Longer than any evening's drive; whoever drives on registers again.
  witnessMs: 24 * 3_600_000,
  // Home routers forget idle TCP after 5 min at the shortest in the wild, proxies after 60 s (nginx).
  pingMs: 15_000,
  // A client says hello at once; a second or two on the slowest of links.
  greetingMs: 10_000,
  // As the client does: one lost in a hand-over between networks is no reason, three in a row are.
  missedPings: 3,
  // A joiner is done within seconds; an idle socket costs about 10 KiB (measured).
  idleMs: 60_000,
  // Joining takes seconds; 2 min leave a host time to decide about somebody by hand.
  routeIdleMs: 120_000,
  // Two rounds of the client's back-off (1 s, 3 s), and a slow network coming up again.
  hostGraceMs: 20_000,
  // The first of those rounds, with jitter; people wait about 10 s before they give up.
  openWaitMs: 5_000,
}

/** More than any process does. */
const unlimited = 1e12

/** No limits on rates and counts: for services that only this machine reaches, tests and simulations. */
export const unlimitedSwitchboard: Partial<SwitchboardLimits> = {
  framesPerSecond: unlimited,
  framesBurst: unlimited,
  bytesPerSecond: unlimited,
  bytesBurst: unlimited,
  requestsPerSecond: unlimited,
  requestsBurst: unlimited,
  sessionsPerAddress: unlimited,
  configurationsPerAddress: unlimited,
  addressFramesPerSecond: unlimited,
  addressFramesBurst: unlimited,
  addressBytesPerSecond: unlimited,
  addressBytesBurst: unlimited,
  sessionFramesPerSecond: unlimited,
  sessionFramesBurst: unlimited,
  sessionBytesPerSecond: unlimited,
  sessionBytesBurst: unlimited,
  opensPerSocket: unlimited,
  routesPerSocket: unlimited,
  routesPerSession: unlimited,
  routesPerSessionAndAddress: unlimited,
  sessionOpensPerSecond: unlimited,
  sessionOpensBurst: unlimited,
  waitingPerSession: unlimited,
  waitingPerAddress: unlimited,
}
