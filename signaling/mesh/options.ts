import type { MeshLimits } from './constants.ts'
import type { Libp2pLimits } from './libp2p/constants.ts'
import type { MeshStats } from './mesh.ts'

/** How a service takes part in a mesh of services, each of which serves the sessions of all. */
export interface MeshOptions {
  /**
   * Where it listens, as multiaddrs with TCP or WebSockets, e.g. `/ip4/0.0.0.0/tcp/7101` and `/ip4/0.0.0.0/tcp/7102/ws`; a free port of
   * this machine only where left out.
   */
  listen?: readonly string[]
  /** What others dial instead, e.g. `/dns4/convoy.example.org/tcp/443/wss` behind a proxy. */
  announce?: readonly string[]
  /**
   * Other services: one is enough, since they tell each other of the rest. With `/p2p/` and its id at the end, nobody else can answer in its place; without, it
   * may be a name that leads to any of several.
   */
  peers?: readonly string[]
  /** 32 secret bytes by which the service keeps its id; a fresh one at each start where left out. */
  seed?: Uint8Array
  /** Whether only services in `peers` take part (default false). What passes between others is not looked at. */
  namedOnly?: boolean
  /** Whether limits per address hold for this machine too (default false): its connections may be those of a proxy. */
  limitLoopback?: boolean
  limits?: Partial<MeshLimits & Libp2pLimits>
}

/** How the mesh and its relay do, as plain data. */
export interface RunningMeshStats extends MeshStats {
  /** Services that were heard of, connected or not. */
  known: number
  /** Connections of libp2p, of services and of peers. */
  connections: number
  /** Peers that others reach over this relay. */
  reservations: number
}

/** A service's part in a mesh. */
export interface RunningMesh {
  /** The service's id: a libp2p peer id. */
  readonly id: string
  /** Where other services and peers reach it now, with the id at their end. */
  addresses(): string[]
  stats(): RunningMeshStats
  /** Leaves the mesh and frees everything. Idempotent. */
  close(): Promise<void>
}
