import { seededRandom, type RandomSource } from '../../lib/core/index.ts'

/**
 * What can happen to a convoy:
 * - `kill`: a process dies (SIGKILL) and is started again, with its identity;
 * - `leave-dead`: the same, and nobody starts it again;
 * - `stop`: a process stands still (SIGSTOP) and goes on (SIGCONT);
 * - `cut`: a machine's cable is pulled;
 * - `block`: a machine's firewall drops all UDP, the service stays in reach;
 * - `deaf`: the same, of what arrives only;
 * - `split`: nothing passes between some and the others, the service stays in reach;
 * - `service`: the signaling service dies and is started again.
 */
export const faultKinds = ['kill', 'leave-dead', 'stop', 'cut', 'block', 'deaf', 'split', 'service'] as const
export type FaultKind = (typeof faultKinds)[number]

/** Those that need machines with a network of their own. */
export const networkKinds: readonly FaultKind[] = ['cut', 'block', 'deaf', 'split']

/** One fault. Whom it hits is decided when it is due, since the host is whoever it is then. */
export interface Fault {
  readonly kind: FaultKind
  /** After the fault before, ms. */
  readonly afterMs: number
  readonly lastsMs: number
  /** Whether it is for the host. */
  readonly host: boolean
  /** Otherwise for the member at this place, 0…1, among those that are well; with `split`, the first of the group. */
  readonly place: number
  /** How many `split` takes apart, as a share of what is allowed. */
  readonly share: number
}

/** How often each comes, and for how long, ms. Suspicion, elections, and the removal of who is lost take 0.75 to 15 s. */
const plan: Readonly<Record<FaultKind, { weight: number; lastsMs: readonly [least: number, most: number] }>> =
  {
    kill: { weight: 4, lastsMs: [500, 20_000] },
    // Once a run: see deadNumber.
    'leave-dead': { weight: 0, lastsMs: [0, 0] },
    stop: { weight: 4, lastsMs: [500, 20_000] },
    cut: { weight: 2, lastsMs: [500, 20_000] },
    block: { weight: 2, lastsMs: [500, 20_000] },
    deaf: { weight: 2, lastsMs: [500, 20_000] },
    split: { weight: 2, lastsMs: [1_000, 15_000] },
    service: { weight: 1, lastsMs: [1_000, 10_000] },
  }

/** Pause between two faults, ms: long enough for something to come of it, short enough for them to overlap. */
const pauseMs = [1_000, 5_000] as const

/** Share of the faults that are for the host. */
const hostShare = 0.4

/** Faults without end, the same ones for the same seed and kinds. */
export function* scheduleOf(seed: number, kinds: readonly FaultKind[]): Generator<Fault, never> {
  const random = seededRandom(seed)
  const between = ([least, most]: readonly [number, number]): number =>
    Math.round(least + random.next() * (most - least))
  const bag = kinds.flatMap((kind) => Array.from({ length: plan[kind].weight }, () => kind))
  const draw = (): FaultKind => bag[Math.floor(random.next() * bag.length)] ?? 'stop'
  for (let number = 0; ; number++) {
    const kind = number === deadNumber && kinds.includes('leave-dead') ? 'leave-dead' : draw()
    yield {
      kind,
      afterMs: between(pauseMs),
      // Short outages are as common as long ones: the logarithm is spread evenly.
      lastsMs: spread(plan[kind].lastsMs, random),
      host: random.next() < hostShare,
      place: random.next(),
      share: random.next(),
    }
  }
}

/** Number of the fault that leaves a member dead: not the first, so that all have met. */
const deadNumber = 6

function spread([least, most]: readonly [number, number], random: RandomSource): number {
  const roll = random.next()
  return least === 0 ? 0 : Math.round(least * (most / least) ** roll)
}
