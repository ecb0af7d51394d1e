import { afterEach, describe, expect, it } from 'vitest'
import { establishLink, type Link, type LinkEvents } from '../../lib/rtc/index.ts'
import { isConvoyError } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import { SimulatedClock, SimulatedNetwork } from '../../lib/testing/index.ts'

/** As session links are: they outlive their connections. */
const timings = { suspectMs: 750, heartbeatMs: 250, deadMs: 15_000 }

/** Two ends of a link whose signals always pass, and what came of what they sent. */
class Pair {
  readonly clock = new SimulatedClock()
  readonly network: SimulatedNetwork
  readonly links: Link[] = []
  readonly events: string[][] = [[], []]
  /** Numbers of the control messages that arrived at either end. */
  readonly control: number[][] = [[], []]
  /** Numbers of the state payloads that arrived at either end. */
  readonly state: number[][] = [[], []]
  /** Codes of what links refused to send. */
  readonly refused = new Set<string>()
  #sentControl = [0, 0]
  #sentState = 0
  // Each end's signals go to the other one's handler.
  readonly #handlers: ((signal: Signal) => void)[] = []

  constructor(seed: number) {
    this.network = new SimulatedNetwork({ clock: this.clock, seed, delayMs: 20, jitterMs: 5, lossPercent: 2 })
  }

  async connect(): Promise<void> {
    const making = ['alice', 'bob'].map((name, index) =>
      establishLink({
        connector: this.network.peer(name).connector,
        clock: this.network.peer(name).clock,
        random: this.network.peer(name).random,
        initiator: index === 0,
        redials: true,
        timings,
        signals: {
          send: (signal) => void this.clock.after(10, () => this.#handlers[1 - index]?.(signal)),
          onSignal: (handler) => {
            this.#handlers[index] = handler
          },
        },
      }),
    )
    this.links.push(...(await this.clock.complete(Promise.all(making))))
    for (const [index, link] of this.links.entries()) {
      const note = (name: keyof LinkEvents) => () => void this.events[index]?.push(name)
      for (const name of ['suspect', 'recovered', 'moved'] as const) link.on(name, note(name))
      link.on('closed', ({ reason }) => void this.events[index]?.push(reason))
      link.on('suspect', () => link.redial())
      link.on('unheard', () => link.redial())
      link.on('control', (bytes) => void this.control[index]?.push(numberIn(bytes)))
      link.onState((bytes) => void this.state[index]?.push(numberIn(bytes)))
    }
  }

  /** Lets time pass, in which both ends send a state payload each 50 ms, and control messages as asked. */
  async drive(ms: number, controlEach50Ms = 0): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.#sentState++
      for (const [index, link] of this.links.entries()) {
        link.sendState(numbered(this.#sentState))
        for (let count = 0; count < controlEach50Ms; count++) {
          const number = this.#sentControl[index] ?? 0
          this.#sentControl[index] = number + 1
          try {
            link.sendControl(numbered(number))
          } catch (error) {
            if (!isConvoyError(error)) throw error
            this.#sentControl[index] = number
            this.refused.add(error.code)
          }
        }
      }
      await this.clock.run(50)
    }
  }

  /** Everything sent on `control` arrived once and in order, and state never went backwards. */
  expectWhole(): void {
    for (const index of [0, 1]) {
      const sent = this.#sentControl[1 - index] ?? 0
      expect(this.control[index]).toEqual(Array.from({ length: sent }, (_, number) => number))
      const state = this.state[index] ?? []
      expect(state).toEqual([...new Set(state)].sort((a, b) => a - b))
    }
  }

  async close(): Promise<void> {
    for (const link of this.links) link.close()
    await this.clock.run(5_000)
    expect(this.network.openConnections).toBe(0)
    expect(this.clock.pendingTimers).toBe(0)
  }
}

const numbered = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 255)
const numberIn = (bytes: Uint8Array): number => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)

let pair: Pair
afterEach(() => pair.close())

async function connectedPair(seed = 1): Promise<Pair> {
  pair = new Pair(seed)
  await pair.connect()
  return pair
}

describe('a link that may be dialled again', () => {
  it('[LNK-70] moves to a new connection while the old one still carries it, unnoticed by anyone', async () => {
    const { links, events } = await connectedPair()
    await pair.drive(1_000, 2)
    links[0]?.redial()
    await pair.drive(3_000, 2)
    await pair.clock.run(1_000)
    expect(events).toEqual([['moved'], ['moved']])
    expect(pair.network.openConnections).toBe(2)
    pair.expectWhole()
  })

  it('[LNK-72] brings 1,000 control messages each way exactly once and in order across many re-dials', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const { links, network, events } = await connectedPair(seed)
      for (let round = 0; round < 10; round++) {
        const heal = round % 3 === 0 ? network.cut('alice', 'bob') : () => undefined
        links[0]?.redial()
        await pair.drive(round % 2 === 0 ? 1_500 : 900, 4)
        heal()
        await pair.drive(round % 2 === 0 ? 1_000 : 1_600, 0)
      }
      await pair.clock.run(5_000)
      expect(pair.control[0]?.length).toBeGreaterThanOrEqual(960)
      pair.expectWhole()
      expect(events[0]?.filter((event) => event === 'moved').length).toBeGreaterThan(5)
      expect(links.map(({ state }) => state)).toEqual(['open', 'open'])
      if (seed < 4) await pair.close()
    }
  })

  it('[LNK-70] outlives cuts of 1 to 10 s and is back within 5 s of the path', async () => {
    for (const seconds of [1, 2, 3, 5, 8, 10]) {
      const { links, network } = await connectedPair(seconds)
      const heal = network.cut('alice', 'bob')
      await pair.drive(seconds * 1_000, 1)
      heal()
      const healedAt = pair.clock.now()
      await pair.clock.runUntil(() => links.every(({ state }) => state === 'open'))
      expect(pair.clock.now() - healedAt).toBeLessThan(5_000)
      await pair.drive(3_000, 1)
      await pair.clock.run(3_000)
      pair.expectWhole()
      if (seconds < 10) await pair.close()
    }
  })

  it('[LNK-71] notices that the other side hears nothing although it is heard itself', async () => {
    for (const [from, to] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const { network, links } = await connectedPair()
      const heal = network.cutOneWay(from, to)
      const asked = { unheard: 0 }
      links[0]?.on('unheard', () => asked.unheard++)
      await pair.drive(4_000, 1)
      expect(asked.unheard > 0).toBe(from === 'alice')
      heal()
      await pair.drive(5_000, 1)
      await pair.clock.run(2_000)
      expect(links.map(({ state }) => state)).toEqual(['open', 'open'])
      pair.expectWhole()
      if (from === 'alice') await pair.close()
    }
  })

  it('[LNK-42] outlives the sleep of either side, longer than its patience, as far as that side sees', async () => {
    const { network, links } = await connectedPair()
    network.freeze('alice')
    await pair.clock.run(10_000)
    network.thaw('alice')
    await pair.drive(5_000, 1)
    await pair.clock.run(1_000)
    expect(links.map(({ state }) => state)).toEqual(['open', 'open'])
    pair.expectWhole()
  })

  it('[LNK-35] is not closed for a flood by a sender that goes as far as it may, through outages and re-dials', async () => {
    for (const seed of [1, 2]) {
      const { links, network, refused } = await connectedPair(seed)
      for (const outageMs of [0, 2_500, 8_000]) {
        const heal = outageMs > 0 ? network.cut('alice', 'bob') : () => undefined
        await pair.drive(outageMs, 200)
        heal()
        links[0]?.redial()
        // 4,000 a second are asked for, four times of what the other side takes.
        await pair.drive(3_000, 200)
      }
      await pair.clock.run(5_000)
      expect(links.map(({ state }) => state)).toEqual(['open', 'open'])
      expect([...refused].sort()).toEqual(['backlog-full', 'rate-limited'])
      pair.expectWhole()
      if (seed < 2) await pair.close()
    }
  })

  it('[LNK-70] closes as silent when nothing comes back', async () => {
    const { network, events } = await connectedPair()
    network.cut('alice', 'bob')
    await pair.clock.run(20_000)
    expect(events.map((each) => each.at(-1))).toEqual(['silent', 'silent'])
  })
})
