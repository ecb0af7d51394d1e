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
  /** A direct link; or `link-failed`, since there is no direct path and no relay. */
  readonly expected: 'direct' | 'link-failed'
}

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
    ...casesOf('path of 1,150 bytes, full datagrams', narrow, alone, { traffic: 'full-datagrams' }),
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
  { traffic = 'convoy', expected = 'direct' }: Partial<Pick<NatCase, 'traffic' | 'expected'>> = {},
): NatCase[] {
  return engines.map((pair) => ({ name, homes, engines: pair, traffic, expected }))
}
