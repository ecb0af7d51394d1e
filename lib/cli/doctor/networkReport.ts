import type { TurnFinding } from './turnProbe.ts'

/**
 * What a router does to a socket's port, after RFC 4787:
 * - `none`: no translation, the address is the machine's own;
 * - `shared`: one port for all destinations (endpoint-independent), so that others can be told it;
 * - `per-destination`: another one for each (symmetric), so that nobody can;
 * - `unknown`: servers at two addresses have to be asked, and fewer answered.
 */
export type Mapping = 'none' | 'shared' | 'per-destination' | 'unknown'

/** How a signaling service was reached. */
export type ServiceReport =
  | { readonly url: string; readonly reached: true; readonly ms: number }
  | { readonly url: string; readonly reached: false; readonly problem: string }

/** What UDP over one family of addresses allows. */
export interface FamilyReport {
  /** Addresses of this machine. */
  readonly local: readonly string[]
  /** STUN servers that have an address of the family. */
  readonly asked: readonly string[]
  /** Whether an answer came; null where there was nobody to ask. */
  readonly udp: boolean | null
  /** As whom the servers saw one and the same socket. */
  readonly seenAs: readonly { readonly server: string; readonly at: string; readonly address: string }[]
  readonly mapping: Mapping
  /** Whether the router turns around what is sent to its own outer address; null where that was not tried. */
  readonly hairpin: boolean | null
  /** Bytes of the largest IP packet that was answered, of 1,150 to 1,500; null where no server answers padded requests. */
  readonly largestPacket: number | null
}

/** What came of asking a TURN server for a relay. */
export interface TurnReport extends Omit<TurnFinding, 'outcome'> {
  readonly url: string
  readonly transport: 'udp' | 'tcp' | 'tls'
  readonly outcome: TurnFinding['outcome'] | 'not-found'
}

/**
 * What it comes to:
 * - `direct`: others can connect to this machine directly;
 * - `relayed`: with the help of a relay, which is there and works, with anybody;
 * - `limited`: directly with some, and there is no relay for the others;
 * - `unclear`: UDP works, and too few servers were asked to say more;
 * - `blocked`: nothing connects from here;
 * - `no-service`: no service is reached, so that nobody can be found.
 */
export type Verdict = 'direct' | 'relayed' | 'limited' | 'unclear' | 'blocked' | 'no-service'

/** What `openconvoy doctor network` found out, as `--json` prints it. */
export interface NetworkReport {
  readonly services: readonly ServiceReport[]
  readonly ipv4: FamilyReport
  readonly ipv6: FamilyReport
  readonly turn: readonly TurnReport[]
  readonly verdict: Verdict
}
