import { MemberWatch, type EnforcedKind } from '../../lib/convoy/index.ts'
import { defaultRules, emptyVehicleState, type Rules, type VehicleState } from '../../lib/protocol/index.ts'
import { VehiclePublisher, VehicleReceiver, type Interest } from '../../lib/vehicle/index.ts'
import type { NetworkConditions, SimulatedNetwork } from '../../lib/testing/index.ts'
import { simulatedPair } from '../simulated/pair.ts'

/** Where a truck is, as its game says, at a time of the run, ms; null for nowhere. */
export type Driving = (timeMs: number, out: VehicleState) => VehicleState | null

/** A truck, the network between it and who watches it, and what befalls both. */
export interface WatchedRun {
  readonly seed: number
  readonly conditions: Partial<NetworkConditions>
  readonly rules: Partial<Rules>
  readonly driving: Driving
  readonly durationMs: number
  /** How closely the watcher follows it; as trucks close by where left out. */
  readonly interest?: Interest
  /** Called once, to plan what befalls the peers `driver` and `watcher`; times are since the start. */
  readonly plan?: (plan: FaultPlan) => void
  /** How wrong the driver's clock runs, in millionths; as quartz does where left out. */
  readonly driverDriftPpm?: number
}

/** What the watcher found, and when it did, ms since the start. */
export interface Found {
  readonly kind: EnforcedKind
  readonly measured: number
  readonly at: number
}

/** What can befall a run. */
export interface FaultPlan {
  readonly network: SimulatedNetwork
  readonly driver: string
  readonly watcher: string
  /** Calls back at a time of the run, ms. */
  at(timeMs: number, act: () => void): void
}

/** Games give a state so often, ms: every other frame is enough, updates go at 20 a second at most. */
const gameMs = 1_000 / 30

/** A tag of the one incarnation that every process here has. */
const tag = 1
const memberId = 'driver'

/** As links of a session are. */
const timings = { deadMs: 15_000 }

/** What one member finds about another one's driving. */
export async function findingsOf(run: WatchedRun): Promise<Found[]> {
  const pair = await simulatedPair({
    seed: run.seed,
    conditions: run.conditions,
    leftSkew: { offsetMs: 1_234_567.8, driftPpm: run.driverDriftPpm ?? 18 },
    rightSkew: { offsetMs: -77_777.3, driftPpm: -12 },
    timings,
  })
  const { clock, network, left, right } = pair
  const startedAt = clock.now()
  const publisher = new VehiclePublisher({
    clock: left.peer.clock,
    tag,
    ...(run.interest === undefined ? {} : { interest: fixed(run.interest) }),
  })
  publisher.add(left.link)
  const receiver = new VehicleReceiver(right.peer.clock)
  receiver.setMember(memberId, tag)
  right.link.onState((payload, sentAt, receivedAt) => {
    receiver.receive(memberId, payload, sentAt, receivedAt, right.link.clockOffset)
  })
  left.link.onState(() => undefined)

  const rules = { ...defaultRules, ...run.rules }
  const findings: Found[] = []
  const watch = new MemberWatch('truck', right.peer.clock.now(), ({ kind, measured }) =>
    findings.push({ kind, measured, at: clock.now() - startedAt }),
  )
  watch.setRules(rules, right.peer.clock.now())
  receiver.observer = (_memberId, { codes }, times) => watch.note(codes, times)
  right.peer.clock.every(1_000, () => {
    watch.look(right.peer.clock.now(), {
      rules,
      restricted: false,
      refusedMessages: 0,
      refusedVehicles: 0,
      asHost: { rttMs: right.link.state === 'open' ? right.link.quality().rttMs : undefined },
    })
  })
  const state = emptyVehicleState()
  // The game goes on while the program beside it hangs: the clock of the simulation, not the peer's.
  clock.every(gameMs, () => {
    if (left.peer.running) publisher.setVehicle(run.driving(clock.now() - startedAt, state))
  })
  run.plan?.({
    network,
    driver: 'left',
    watcher: 'right',
    at: (timeMs, act) => void clock.after(timeMs, act),
  })
  for (let passed = 0; passed < run.durationMs; passed += 1_000) {
    clock.advance(1_000)
    await clock.settle()
  }
  publisher.close()
  left.link.close()
  right.link.close()
  return findings
}

function fixed(interest: Interest) {
  return { of: () => interest }
}
