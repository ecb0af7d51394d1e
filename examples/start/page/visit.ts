import {
  createIdentity,
  createSystemClock,
  isConvoyError,
  joinConvoy,
  systemRandom,
  type Convoy,
  type Identity,
  type Rendezvous,
} from 'openconvoy'

/** What the page's server says about the convoy. */
export interface ConvoyInfo {
  readonly invite: string
  /** What the bots drive, as `planRoute` takes it. */
  readonly route: string
  readonly seed: number
  /** How the convoy is found. */
  readonly rendezvous: 'service' | 'libp2p'
}

/** How somebody takes part: with a truck or without. */
export type VisitRole = 'spectator' | 'driver'

/** @throws Error when the program that serves this page is not there any more. */
export async function askForConvoy(): Promise<ConvoyInfo> {
  const response = await fetch('/convoy.json')
  if (!response.ok) throw new Error(`The server of this page answered ${response.status}.`)
  return (await response.json()) as ConvoyInfo
}

/** Joins as a guest whose name lasts as long as the page. */
export async function visit(info: ConvoyInfo, role: VisitRole): Promise<Convoy> {
  if (info.rendezvous === 'libp2p') libp2p ??= openLibp2p()
  return joinConvoy(info.invite, {
    name: guestName,
    ...(await libp2p),
    vehicleClass: role === 'driver' ? 'truck' : null,
    // Faster than the default: this page is about smooth pictures, and its convoy is small.
    updateRate: 15,
  })
}

/** For as long as the page: leaving and joining again takes no second start. */
let libp2p: ReturnType<typeof openLibp2p> | undefined

/** Loaded only where there is no service: it is larger than everything else of this page. */
async function openLibp2p(): Promise<{ identity: Identity; rendezvous: Rendezvous }> {
  const { libp2pRendezvous } = await import('openconvoy/libp2p')
  const identity = createIdentity()
  const rendezvous = libp2pRendezvous({ identity, clock: createSystemClock(), random: systemRandom })
  return { identity, rendezvous }
}

const guestName = `Guest ${100 + Math.floor(Math.random() * 900)}`

/** What to tell the visitor when joining failed. */
export function describeFailure(error: unknown): string {
  if (isConvoyError(error, 'rendezvous-unreachable'))
    return 'The convoy is over: nobody answers. Start it again.'
  return error instanceof Error ? error.message : String(error)
}
