import { seededRandom } from '../lib/core/index.ts'
import { quantile, type Benchmark, type Figure } from './benchmark.ts'
import { simulatedPair, type LinkedPeer, type SimulatedPair } from './simulated/pair.ts'

/**
 * How well two peers know each other's clock ten seconds after they met, on simulated networks: many pairs, each
 * with its own luck, clocks and delay.
 */
const benchmark: Benchmark = {
  async run({ quick }) {
    const ours: number[] = []
    const ntp: number[] = []
    for (let seed = 1; seed <= (quick ? 10 : 300); seed++) {
      ours.push(...(await errorsOf(seed, watchOurs)))
      ntp.push(...(await errorsOf(seed, watchNtp)))
    }
    const figure: Figure = {
      name: 'errorP99Ms',
      scenario: 'jitter20-loss5',
      value: quantile(ours, 0.99),
      unit: 'ms',
      baselines: { ntp: quantile(ntp, 0.99) },
    }
    return [figure]
  },
}
export default benchmark

/** Datagrams a second each way: as few as a truck in steady motion sends. */
const rate = 5

/** When errors are looked at, ms after the link opened: for five seconds from ten on. */
const from = 10_000
const until = 15_000
const lookMs = 200

/** Where delays lie, one way, ms, and how fast clocks run apart, in millionths, at most. */
const delays = { least: 20, most: 80 }
const drift = 50

/** Clocks start within half an hour of each other: less than where send times begin anew. */
const longestOffsetMs = 1_800_000

/** Makes both sides talk; gives what to add to the other's clock to get the own, for the left one. */
type Watch = (pair: SimulatedPair) => () => number | undefined

async function errorsOf(seed: number, watch: Watch): Promise<number[]> {
  const random = seededRandom(seed)
  const either = (most: number): number => most * (2 * random.next() - 1)
  const pair = await simulatedPair({
    seed,
    conditions: {
      delayMs: delays.least + (delays.most - delays.least) * random.next(),
      jitterMs: 20,
      lossPercent: 5,
    },
    leftSkew: { offsetMs: either(longestOffsetMs), driftPpm: either(drift) },
    rightSkew: { offsetMs: either(longestOffsetMs), driftPpm: either(drift) },
  })
  const { clock, left, right } = pair
  const startedAt = clock.now()
  const offset = watch(pair)
  const errors: number[] = []
  while (clock.now() - startedAt < until) {
    clock.advance(lookMs)
    await clock.settle()
    if (clock.now() - startedAt < from) continue
    errors.push(Math.abs(left.peer.clock.now() - right.peer.clock.now() - (offset() ?? Infinity)))
  }
  left.link.close()
  right.link.close()
  return errors
}

const watchOurs: Watch = ({ left, right }) => {
  const payload = new Uint8Array(16)
  for (const { peer, link } of [left, right]) peer.clock.every(1000 / rate, () => link.sendState(payload))
  return () => {
    const { clockOffset } = left.link
    if (clockOffset === undefined) return undefined
    // Origins of send times are known modulo 2^24 quarters of a millisecond only.
    const period = 2 ** 24 / 4
    const truth = left.peer.clock.now() - right.peer.clock.now()
    return clockOffset + Math.round((truth - clockOffset) / period) * period
  }
}

/**
 * Samples among which the one with the least round trip counts, as in NTP's clock filter (RFC 5905, section 10): ten
 * seconds of them, where NTP keeps eight.
 */
const filterStages = 10 * rate

/** The textbook: a question, an answer with two times, half of what isn't explained is the offset. */
const watchNtp: Watch = ({ left, right }) => {
  const samples: { roundTrip: number; offset: number }[] = []
  answerOn(right)
  left.link.onState((answer) => {
    const times = new Float64Array(answer.slice().buffer)
    const [askedAt = 0, heardAt = 0, answeredAt = 0] = times
    const now = left.peer.clock.now()
    samples.push({
      roundTrip: now - askedAt - (answeredAt - heardAt),
      offset: (askedAt - heardAt + (now - answeredAt)) / 2,
    })
    if (samples.length > filterStages) samples.shift()
  })
  left.peer.clock.every(1000 / rate, () => left.link.sendState(bytesOf(left.peer.clock.now())))
  return () => {
    const [best] = [...samples].sort((a, b) => a.roundTrip - b.roundTrip)
    return best?.offset
  }
}

function answerOn({ peer, link }: LinkedPeer): void {
  link.onState((question) => {
    const [askedAt = 0] = new Float64Array(question.slice().buffer)
    const now = peer.clock.now()
    link.sendState(bytesOf(askedAt, now, now))
  })
}

function bytesOf(...times: number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(times).buffer)
}
