import assert from 'node:assert/strict'
import dns from 'node:dns'
import type { Signal } from '../../../lib/protocol/index.ts'
import { createConnector, loadEngine, type Connection } from '../../../lib/rtc/index.ts'
import { sleep } from '../../../lib/core/index.ts'
import { signalWay } from '../../compliance/signalWay.ts'
import type { HostileCase, NodeEngine } from '../hostileCase.ts'
import { clock, establishSide, expectUsable, linkPair } from '../support/linkPair.ts'

/** Bytes of the description that is far too large. */
const hugeBytes = 5_000_000

/** Candidates sent where 64 pass. */
const candidateFlood = 20_000

/** How long a connection that must not come about is given, ms: good ones take far less. */
const vainMs = 3_000

/** A description of 5 MB. */
export const hugeDescription = (engine: NodeEngine): HostileCase => ({
  name: 'a session description of 5 MB',
  engine,
  expected: 'refused by its schema before the engine sees it, counted; the link comes about by the sound one',
  quick: true,
  async run() {
    const { refused, connection } = await facing(engine)
    const padding = 'a=x\r\n'.repeat(hugeBytes / 5)
    connection.signal({ type: 'offer', attempt: 0, sdp: `v=0\r\n${padding}` })
    connection.close()
    assert.deepEqual(refused, { 'signal-malformed': 1 })
    const pair = await linkPair(engine)
    await expectUsable(pair)
    pair.close()
    return {}
  },
})

/** Far more candidates than any host has. */
export const manyCandidates = (engine: NodeEngine): HostileCase => ({
  name: `${candidateFlood} candidates`,
  engine,
  expected: '64 reach the engine, the rest is refused and counted; nothing else suffers',
  quick: true,
  async run() {
    const { refused, connection } = await facing(engine)
    for (let index = 0; index < candidateFlood; index++) {
      connection.signal(candidate(`127.0.0.1 ${1024 + (index % 60_000)}`))
    }
    connection.close()
    assert.deepEqual(refused, { 'candidate-excess': candidateFlood - 64 })
    return { refused: candidateFlood - 64 }
  },
})

/** Candidates by name, whose owner would see a question for it. */
export const hostNames = (engine: NodeEngine): HostileCase => ({
  name: 'candidates with host names',
  engine,
  expected: 'refused before the engine sees them; Node is asked to resolve none',
  quick: true,
  async run() {
    const asked: unknown[] = []
    const { connection, refused } = await facing(engine)
    const original = { lookup: dns.lookup, promise: dns.promises.lookup }
    const spy = <Lookup extends typeof dns.lookup | typeof dns.promises.lookup>(resolve: Lookup): Lookup =>
      new Proxy(resolve, {
        apply: (target, self, parameters: unknown[]) => {
          asked.push(parameters[0])
          return Reflect.apply(target as () => unknown, self, parameters) as unknown
        },
      })
    dns.lookup = spy(dns.lookup)
    dns.promises.lookup = spy(dns.promises.lookup)
    const names = ['tracker.example', 'xn--hlltracker.test', '9b36eaac-bb2e-49bb-bb78-21c41c499900.local']
    try {
      for (const name of names) connection.signal(candidate(`${name} 9`))
      await sleep(clock, 200)
    } finally {
      dns.lookup = original.lookup
      dns.promises.lookup = original.promise
      connection.close()
    }
    assert.deepEqual(refused, { 'candidate-name': names.length })
    assert.deepEqual(
      asked.filter((name) => names.includes(String(name))),
      [],
    )
    return { refused: names.length }
  },
})

/** A description whose fingerprint is of another certificate than the one that DTLS shows. */
export const wrongFingerprint = (engine: NodeEngine): HostileCase => ({
  name: 'a certificate that the signed description does not cover',
  engine,
  expected: 'no link comes about',
  quick: false,
  run: () => expectNoLink(engine, withOtherFingerprint),
})

/** The answer of a former connection, instead of the one that belongs to the offer. */
export const oldAnswer = (engine: NodeEngine): HostileCase => ({
  name: 'an old answer replayed',
  engine,
  expected: 'no link comes about: its fingerprint and credentials are of a connection that is gone',
  quick: false,
  async run() {
    let old: Signal | undefined
    const pair = await linkPair(engine, (signal, deliver) => {
      if (signal.type === 'answer') old = signal
      deliver(signal)
    })
    pair.close()
    const answer = old
    assert(answer !== undefined)
    return expectNoLink(engine, (signal) => (signal.type === 'answer' ? answer : signal))
  },
})

/** The answers of two members, each handed to the other's link. */
export const swappedAnswers = (engine: NodeEngine): HostileCase => ({
  name: 'the answers of two members swapped',
  engine,
  expected: 'neither link comes about: none opens to somebody else than its answer was signed by',
  quick: false,
  async run() {
    const waiting: { signal: Signal; deliver: (signal: Signal) => void }[] = []
    const swap = (signal: Signal, deliver: (signal: Signal) => void): void => {
      if (signal.type !== 'answer') return deliver(signal)
      waiting.push({ signal, deliver })
      const [first, second] = waiting
      if (first === undefined || second === undefined) return
      waiting.length = 0
      first.deliver(second.signal)
      second.deliver(first.signal)
    }
    const opened = await Promise.all([openedWithin(engine, swap), openedWithin(engine, swap)])
    assert.deepEqual(opened, [false, false])
    return {}
  },
})

function withOtherFingerprint(signal: Signal): Signal {
  if (signal.type === 'candidate') return signal
  const sdp = signal.sdp.replace(/(a=fingerprint:sha-256 )(\S\S)/gi, (_, start: string, byte: string) =>
    start.concat(byte === '00' ? '01' : '00'),
  )
  return { ...signal, sdp }
}

async function expectNoLink(
  engine: NodeEngine,
  change: (signal: Signal) => Signal,
): Promise<Record<string, number>> {
  assert.equal(await openedWithin(engine, (signal, deliver) => deliver(change(signal))), false)
  return {}
}

/** Whether a link came about on either side within {@link vainMs}. */
async function openedWithin(
  engine: NodeEngine,
  intercept: ReturnType<typeof signalWay>['intercept'],
): Promise<boolean> {
  const way = signalWay()
  way.intercept = intercept
  const connector = createConnector(await loadEngine(engine))
  const signal = AbortSignal.timeout(vainMs)
  const sides = [true, false].map((initiator) => establishSide(connector, initiator, way, signal))
  const outcomes = await Promise.allSettled(sides)
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.close()
  return outcomes.some(({ status }) => status === 'fulfilled')
}

/** A responder of ours that takes signals straight from the attacker, and what it refuses. */
async function facing(
  engine: NodeEngine,
): Promise<{ connection: Connection; refused: Record<string, number> }> {
  const refused: Record<string, number> = {}
  const connection = createConnector(await loadEngine(engine)).connect({
    initiator: false,
    attempt: 0,
    iceServers: [],
    handlers: {
      signal: () => undefined,
      open: () => undefined,
      control: () => undefined,
      state: () => undefined,
      closed: () => undefined,
      refused: (reason) => (refused[reason] = (refused[reason] ?? 0) + 1),
    },
  })
  return { connection, refused }
}

function candidate(addressAndPort: string): Signal {
  return {
    type: 'candidate',
    attempt: 0,
    candidate: `candidate:1 1 UDP 7 ${addressAndPort} typ host`,
    sdpMid: '0',
    sdpMLineIndex: 0,
  }
}
