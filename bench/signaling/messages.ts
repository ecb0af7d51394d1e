/** Who is measured. */
export const contenders = ['ours', 'ws', 'peer', 'y-webrtc'] as const
export type Contender = (typeof contenders)[number]

/** What a server's process is asked. */
export type ToServer = { type: 'measure' }

/** What it says: where it listens, and what its process takes, after a garbage collection. */
export type FromServer =
  | { type: 'listening'; port: number }
  /** `heap` holds what lives in buffers too; `cpuMs` is of all threads since the start. */
  | { type: 'measured'; heap: number; resident: number; cpuMs: number }

/** What the process that plays all clients is asked. */
export type ToLoad =
  | { type: 'start'; contender: Contender; port: number }
  /** Opens so many connections and keeps them. */
  | { type: 'hold'; count: number }
  /** Opens pairs that have something to say to each other. */
  | { type: 'pair'; pairs: number }
  /** As much as the server carries, for so long; so many messages of a pair are under way at a time. */
  | { type: 'flood'; burst: number; ms: number }
  /** So many messages a second, evenly, for so long. */
  | { type: 'pace'; perSecond: number; ms: number }

export type FromLoad =
  | { type: 'started' }
  /** How many are open, of all that were. */
  | { type: 'holding'; open: number }
  | { type: 'paired' }
  /** `all` counts those too that came before and after the time that `relays` were counted for. */
  | { type: 'flooded'; relays: number; all: number; ms: number }
  | { type: 'paced'; relays: number; delaysMs: number[] }
