/** What the other services of a mesh, none of which is trusted, may take of this one. Every limit is an option. */
export interface MeshLimits {
  /** Other services at once. */
  services: number
  /** Other services at one address, unless they are named in `peers`. */
  servicesPerAddress: number
  /** Sessions that one other service may hold. */
  sessionsPerService: number
  /** Sessions of all other services. */
  sessions: number
  /** Services that may claim one session. */
  claimsPerSession: number
  /** Announcements, counted by what checking them takes, per second and in a burst: of one service, and of all. */
  announcementsPerSecond: number
  announcementsBurst: number
  announcementsPerSecondTotal: number
  announcementsBurstTotal: number
  /** Routes that one service has open to sessions here, and to one of them. */
  routesPerService: number
  routesPerSession: number
  /** Routes that one service opens per second and in a burst. */
  opensPerSecond: number
  opensBurst: number
  /** Frames and bytes on all routes of one service, per second and in a burst. */
  framesPerSecond: number
  framesBurst: number
  bytesPerSecond: number
  bytesBurst: number
  /** Bytes on one stream that wait to be read, above which it is cut. */
  bufferedBytes: number
  /** What a service may do wrong at once, and a second, before it is shunned. */
  strikes: number
  strikesPerSecond: number
  /** How long it is shunned, ms. */
  shunMs: number
  /** Between two signs of life, ms. */
  beatMs: number
  /** Beats in a row that may be missing before a service counts as dead. */
  missedBeats: number
  /** Until another service has to have answered that a route is open, ms. */
  reachMs: number
  /** Services that are asked for a session, one after the other. */
  reachTries: number
}

/** See {@link MeshLimits}. */
export const defaultMeshLimits: MeshLimits = {
  // Each is a connection, about 64 KiB (measured), and every announcement goes out as often.
  services: 64,
  // An operator's own few on one machine; a name for each costs a stranger nothing, an address does.
  servicesPerAddress: 4,
  // A hostile service can found as many as it likes: eight of them fill what there is.
  sessionsPerService: 5_000,
  // About 7.5 KiB each (measured): 300 MB at worst, on a machine that holds 20,000 connections besides.
  sessions: 40_000,
  // One holds it; another while its host moves; the rest are copies of what is public, and tried in turn.
  claimsPerSession: 4,
  // 5,000 hosts renew every 5 min, and show who comes and goes: some 30 a second. A full service is read within 20 s; who sends more waits.
  announcementsPerSecond: 150,
  announcementsBurst: 2_000,
  // About 0.35 ms of CPU each (measured): a fifth of a core, and 3.5 s of it after a start.
  announcementsPerSecondTotal: 500,
  announcementsBurstTotal: 10_000,
  // As many as two hosts take ([RDV-21]); joining takes seconds. With each a hostile service makes us hold 320 KiB, so 80 MiB.
  routesPerService: 256,
  // Half of what a host takes ([RDV-21]): one hostile service can't shut the others out.
  routesPerSession: 64,
  // A convoy of 64 arrives within seconds, some of them at once.
  opensPerSecond: 50,
  opensBurst: 500,
  // That of 20 clients ([RDV-25]); who sends more waits, and nothing is lost.
  framesPerSecond: 2_000,
  framesBurst: 20_000,
  bytesPerSecond: 2 * 1_024 * 1_024,
  bytesBurst: 16 * 1_024 * 1_024,
  // What a client may send at once ([RDV-25]): all of that may wait for a slow way to the other service.
  bufferedBytes: 2 * 1_024 * 1_024,
  // An honest service does nothing wrong; one of another version, or with a broken clock, little before it is noticed.
  strikes: 20,
  strikesPerSecond: 0.1,
  // Long enough to make guessing pointless, short enough for an operator who mended it.
  shunMs: 600_000,
  // A service that vanished without a word is off the list after three, before most joiners lose patience.
  beatMs: 5_000,
  missedBeats: 3,
  // Two tries, and the wait for a host that is away ([RDV-16]), stay below the 10 s that a client waits.
  reachMs: 2_000,
  reachTries: 2,
}

/** The version of the mesh's frames: docs/protocol/02e-mesh.md [MSH-3]. */
export const meshVersion = 1

/** Waits before a broken feed is opened again, ms: a service that restarts is back within seconds. */
export const feedRetryMs = [500, 2_000, 5_000] as const

/**
 * How long a service that has just started, or just found another one, takes sessions that it does not know for ones that it has yet to be told of, ms: dialling,
 * noise and some thousand announcements.
 */
export const settleMs = 3_000

/** Until the first frame of a stream has to be there, ms: it is sent along with the opening. */
export const firstFrameMs = 5_000
