import type { HomeOptions } from './internet.ts'
import type { NodeEngine } from './peerMessages.ts'

/** Two peers, what is between them, and what has to come of it. */
export interface NatCase {
  readonly name: string
  /** Where host and joiner live; one home for both where there is one. */
  readonly homes: readonly [HomeOptions] | readonly [HomeOptions, HomeOptions]
  /** Engines of host and joiner. */
  readonly engines: readonly [NodeEngine, NodeEngine]
  /** What the peers do: drive in a convoy, or fill every datagram of a bare link. */
  readonly traffic: 'convoy' | 'full-datagrams'
  /** A direct link; one through coturn; or `link-failed`, since there is no direct path and no relay. */
  readonly expected: Outcome
  /** What TURN there is (default none). */
  readonly turn?: TurnKind
  /** Whether host and joiner use relays only, and may send to nobody else. */
  readonly relayOnly?: readonly [boolean, boolean]
}

/** What has to come of two peers. */
export type Outcome = 'direct' | 'relayed' | 'link-failed'

/**
 * - `offered`: the service hands out credentials for coturn, over UDP and TCP;
 * - `foreign`: it makes them with another secret than coturn's;
 * - `expired`: the peers bring some along that have expired.
 */
export type TurnKind = 'offered' | 'foreign' | 'expired'

/** Machines in different homes mostly have different addresses. */
const other = { firstMachine: 20 } as const

const alone = [
  ['datachannel', 'datachannel'],
  ['werift', 'werift'],
] as const
const mixed = [
  ['datachannel', 'werift'],
  ['werift', 'datachannel'],
] as const

/** Every case there is, by the engines that it is run with. */
export function natCases(): NatCase[] {
  return [
    ...casesOf('cone and cone', [{ router: 'cone' }, { router: 'cone', ...other }], [...alone, ...mixed]),
    ...casesOf('cone and cone, same private address', [{ router: 'cone' }, { router: 'cone' }], alone),
    ...casesOf('same cone', [{ router: 'cone' }], alone),
    ...casesOf('same symmetric', [{ router: 'symmetric' }], alone),
    ...casesOf(
      'open cone and symmetric',
      [{ router: 'open-cone' }, { router: 'symmetric', ...other }],
      alone,
    ),
    // Filtering by port lets nobody in whose port is not known beforehand, and a symmetric router's never is.
    ...casesOf('cone and symmetric', [{ router: 'cone' }, { router: 'symmetric', ...other }], alone, {
      expected: 'link-failed',
    }),
    ...casesOf(
      'symmetric and symmetric',
      [{ router: 'symmetric' }, { router: 'symmetric', ...other }],
      alone,
      { expected: 'link-failed' },
    ),
    ...casesOf('IPv6 only, no NAT', [{ router: 'none' }, { router: 'none', ...other }], alone),
    ...casesOf('path of 1,150 bytes', narrow, [...alone, ...mixed]),
    ...turnCases(),
    ...casesOf('path of 1,150 bytes, full datagrams', narrow, alone, { traffic: 'full-datagrams' }),
  ]
}

const bothSymmetric = [{ router: 'symmetric' }, { router: 'symmetric', ...other }] as const
const bothCone = [{ router: 'cone' }, { router: 'cone', ...other }] as const

function turnCases(): NatCase[] {
  const offered = { expected: 'relayed', turn: 'offered' } as const
  return [
    ...casesOf('TURN: symmetric and symmetric', bothSymmetric, [...alone, ...mixed], offered),
    ...casesOf(
      'TURN: cone and symmetric',
      [{ router: 'cone' }, { router: 'symmetric', ...other }],
      alone,
      offered,
    ),
    // A relay that is there is not used where none is needed.
    ...casesOf('TURN: cone and cone', bothCone, alone, { expected: 'direct', turn: 'offered' }),
    ...casesOf(
      'TURN over TCP: UDP blocked',
      [
        { router: 'cone', blocksUdp: true },
        { router: 'symmetric', ...other },
      ],
      alone,
      offered,
    ),
    ...casesOf('relays only: cone and cone', bothCone, [...alone, ...mixed], {
      ...offered,
      relayOnly: [true, true],
    }),
    ...casesOf('relays only: joiner alone', bothCone, [...alone, ...mixed], {
      ...offered,
      relayOnly: [false, true],
    }),
    ...casesOf('TURN, foreign credentials: symmetric', bothSymmetric, alone, {
      expected: 'link-failed',
      turn: 'foreign',
    }),
    ...casesOf('TURN, foreign credentials: cone', bothCone, alone, { expected: 'direct', turn: 'foreign' }),
    ...casesOf('TURN, expired credentials: symmetric', bothSymmetric, alone, {
      expected: 'link-failed',
      turn: 'expired',
    }),
  ]
}

const narrow = [
  { router: 'cone', mtu: 1_150 },
  { router: 'cone', ...other },
] as const

function casesOf(
  name: string,
  homes: NatCase['homes'],
  engines: readonly NatCase['engines'][],
  { traffic = 'convoy', expected = 'direct', ...more }: Partial<NatCase> = {},
): NatCase[] {
  return engines.map((pair) => ({ name, homes, engines: pair, traffic, expected, ...more }))
}
