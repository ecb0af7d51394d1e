import { seededRandom } from '../lib/core/index.ts'
import { hostConvoy, joinConvoy, type Convoy } from '../lib/convoy/index.ts'
import { emptyVehicleState, limits, type VehicleState } from '../lib/protocol/index.ts'
import {
  generatedDrive,
  planRoute,
  ScriptedDriver,
  SimulatedClock,
  simulatedIdentity,
  SimulatedNetwork,
  SimulatedRendezvous,
  simulatedVerify,
} from '../lib/testing/index.ts'
import type { Benchmark, Figure } from './benchmark.ts'

/**
 * A truck that drives with fifty vehicles of its own around it, and two members close by, all of them told of all: 50 ms one
 * way, jitter 10 ms, 5 % loss.
 */
const benchmark: Benchmark = {
  run: async ({ quick }) => {
    const { figures } = await measureTraffic(quick ? 5_000 : 60_000)
    return figures
  },
}
export default benchmark

const vehicleCount = 50
/** Ticks per second: the default, and those of the baseline. */
const ticksPerSecond = 20
/** Metres between two vehicles of one lane. */
const spacing = 40
/** Milliseconds that all have driven at the start: by then they are at speed. */
const drivenMs = 60_000
/** How often the game gives states, ms. */
const frameMs = 50
/** Bytes around a message on the state channel: SCTP, DTLS, UDP and IP; the link's own header is in the message. */
const overheadBytes = 90

/** Runs it for `forMs` of simulated time. The same figures each time. */
export async function measureTraffic(forMs: number): Promise<{ figures: Figure[]; errorsM: number[] }> {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({ clock, seed: 1, delayMs: 50, jitterMs: 10, lossPercent: 5 })
  const signaling = new SimulatedRendezvous({ network })
  const partsOf = (name: string) => {
    const { clock: own, random, connector } = network.peer(name)
    const rendezvous = signaling.rendezvous(name)
    return {
      name,
      clock: own,
      random,
      connector,
      rendezvous,
      identity: simulatedIdentity(random),
      verify: simulatedVerify,
    }
  }
  const owner = await clock.complete(hostConvoy({ ...partsOf('owner'), passwordIterations: 1 }))
  const near: Convoy[] = []
  for (const name of ['near', 'nearer'])
    near.push(await clock.complete(joinConvoy(owner.invite, partsOf(name))))
  const drivers = driversOf(vehicleCount + 1 + near.length)
  const state = emptyVehicleState()
  const ids: number[] = []
  let jsonBytes = 0
  let jsonDatagrams = 0

  const frame = (): void => {
    const now = clock.now()
    const all = [owner, ...near]
    all.forEach((convoy, place) =>
      convoy.setVehicle(drivers[vehicleCount + place]?.stateAt(now, state) ?? null),
    )
    for (let place = 0; place < vehicleCount; place++) {
      const vehicle = withoutTrailer(drivers[place]?.stateAt(now, state) ?? state)
      if (ids.length <= place) ids.push(owner.traffic.spawn(vehicle))
      else owner.traffic.set(ids[place] ?? NaN, vehicle)
    }
    const bytes = jsonBytesAt(drivers.slice(0, vehicleCount + 1), now)
    jsonBytes += bytes
    jsonDatagrams += Math.ceil(bytes / limits.datagramBytes)
  }
  const run = async (ms: number, each: () => void): Promise<void> => {
    for (let passed = 0; passed < ms; passed += frameMs) {
      frame()
      await clock.run(frameMs)
      each()
    }
  }

  await run(3_000, () => undefined)
  jsonBytes = 0
  jsonDatagrams = 0
  const { traffic } = network.peer('owner')
  const before = { ...traffic }
  const errorsM: number[] = []
  await run(forMs, () => {
    for (const convoy of near) {
      for (const { id, state: shown } of convoy.traffic.sample()) {
        drivers[ids.indexOf(id)]?.stateAt(clock.now(), state)
        errorsM.push(Math.hypot(shown.x - state.x, shown.y - state.y, shown.z - state.z))
      }
    }
  })
  const datagrams = (traffic.datagramsSent - before.datagramsSent) / near.length
  const bytes = (traffic.bytesSent - before.bytesSent) / near.length
  await clock.complete(Promise.all([owner, ...near].map((convoy) => convoy.close())))
  await clock.complete(signaling.close())

  const kbps = (payload: number, messages: number): number =>
    ((payload + messages * overheadBytes) * 8) / forMs
  const ticks = (forMs / 1_000) * ticksPerSecond
  errorsM.sort((a, b) => a - b)
  return {
    errorsM,
    figures: [
      {
        name: 'datagramsPerTick',
        scenario: '50-vehicles',
        value: datagrams / ticks,
        unit: '',
        baselines: { json: jsonDatagrams / ticks },
      },
      {
        name: 'kbpsPerNearMember',
        scenario: '50-vehicles',
        value: kbps(bytes, datagrams),
        unit: 'kbps',
        baselines: { json: kbps(jsonBytes, jsonDatagrams) },
      },
      {
        name: 'errorP99Cm',
        scenario: '50-vehicles',
        value: (errorsM[Math.floor(errorsM.length * 0.99)] ?? NaN) * 100,
        unit: 'cm',
        baselines: {},
      },
    ],
  }
}

/** Drivers behind each other in three lanes, each at a pace of its own. */
function driversOf(count: number): ScriptedDriver[] {
  const route = planRoute('calais-berlin')
  return Array.from({ length: count }, (_, place) => {
    const lane = place % 3
    return new ScriptedDriver(route, generatedDrive(seededRandom(place + 1)), {
      startOffset: Math.floor(place / 3) * spacing,
      lane,
      delayMs: -drivenMs,
    })
  })
}

function withoutTrailer(state: VehicleState): VehicleState {
  state.trailerCount = 0
  return state
}

/** What the same states take as JSON, every tick whole. */
function jsonBytesAt(drivers: readonly ScriptedDriver[], now: number): number {
  const states = drivers.map((driver) => {
    const { trailers, ...state } = driver.stateAt(now, emptyVehicleState())
    return { ...state, trailers: trailers.slice(0, 0), trailerCount: 0 }
  })
  return JSON.stringify(states).length
}
