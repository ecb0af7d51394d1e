import { describe, expect, it } from 'vitest'
import { ConvoyError, silentLogger } from '../../lib/core/index.ts'
import { IceSupply } from '../../lib/convoy/iceSupply.ts'
import { iceOf } from '../../lib/convoy/iceOptions.ts'
import type { Rendezvous } from '../../lib/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'

const lifetimeMs = 3_600_000

/** A service whose credentials are numbered, and that may be away. */
function service(clock: SimulatedClock): {
  open: () => Rendezvous
  down: boolean
  opened: number
  closed: number
  given: number
} {
  const state = {
    down: false,
    opened: 0,
    closed: 0,
    given: 0,
    open(): Rendezvous {
      state.opened++
      let number = 0
      let from = 0
      const take = (): void => {
        number = ++state.given
        from = clock.now()
      }
      return {
        hint: 'ws://test',
        announce: () => Promise.reject(new Error('not in this test')),
        reach: () => Promise.reject(new Error('not in this test')),
        list: () => {
          take()
          return Promise.resolve([])
        },
        iceServers: () =>
          number === 0 || clock.now() >= from + lifetimeMs
            ? []
            : [{ urls: 'turn:a', username: `${number}`, credential: 'c' }],
        iceRenewalAt: () => (number === 0 ? undefined : from + lifetimeMs / 2),
        renewIceServers: () => {
          if (state.down) return Promise.reject(new ConvoyError('rendezvous-unreachable', 'away'))
          take()
          return Promise.resolve()
        },
        close: () => {
          state.closed++
          return Promise.resolve()
        },
      }
    },
  }
  return state
}

async function supplied() {
  const clock = new SimulatedClock()
  const at = service(clock)
  const first = at.open()
  await first.list()
  const supply = new IceSupply({
    own: [{ urls: 'stun:own' }],
    rendezvous: [first],
    open: () => {
      const opened = at.open()
      return { all: [opened], close: () => opened.close() }
    },
    clock,
    logger: silentLogger,
  })
  const usernames = (): (string | undefined)[] => supply.servers().map(({ username }) => username)
  return { clock, at, supply, usernames }
}

describe('the ICE servers of a convoy', () => {
  it('[NAT-4] are renewed before they expire, for as long as it lasts', async () => {
    const { clock, at, supply, usernames } = await supplied()
    expect(usernames()).toEqual([undefined, '1'])
    for (let renewal = 2; renewal < 6; renewal++) {
      await clock.run(lifetimeMs / 2 + 1)
      expect(usernames()).toEqual([undefined, `${renewal}`])
    }
    expect(at.opened - at.closed).toBe(1)
    supply.close()
    await clock.run(10 * lifetimeMs)
    expect(at.given).toBe(5)
  })

  it('[NAT-4] survive a service that is away for less than half a lifetime', async () => {
    const { clock, at, supply, usernames } = await supplied()
    usernames()
    at.down = true
    await clock.run(0.8 * lifetimeMs)
    expect(usernames()).toEqual([undefined, '1'])
    at.down = false
    await clock.run(61_000)
    expect(usernames()).toEqual([undefined, '2'])
    supply.close()
  })

  it('[NAT-4] are asked for anew where a machine slept past their end, and waited for no longer than 3 s', async () => {
    const { clock, at, supply, usernames } = await supplied()
    at.down = true
    usernames()
    await clock.run(2 * lifetimeMs)
    expect(usernames()).toEqual([undefined])
    expect(supply.isOverdue).toBe(true)
    const waited = supply.renewed()
    await clock.run(3_000)
    await waited
    at.down = false
    await clock.complete(supply.renewed())
    expect(supply.isOverdue).toBe(false)
    expect(usernames()).toHaveLength(2)
    supply.close()
  })
})

describe('the option iceServers', () => {
  const options = (iceServers: unknown, more: object = {}) =>
    ({ name: 'A', iceServers, ...more }) as Parameters<typeof iceOf>[0]

  it.each([
    ['is no list', 'stun:a', /at most 16/],
    ['holds something else', [{ url: 'stun:a' }], /at most 16/],
    ['holds no address', [{ urls: 'a:1' }], /"a:1"/],
    ['holds a web address', [{ urls: ['stun:a', 'https://b'] }], /https/],
    ['holds a port that is none', [{ urls: 'stun:a:70000' }], /70000/],
    ['holds a TURN server without credentials', [{ urls: 'turn:a' }], /without username/],
    ['holds too many', Array(17).fill({ urls: 'stun:a' }), /at most 16/],
  ])('[NAT-5] is refused where it %s', (_name, iceServers, message) => {
    expect(() => iceOf(options(iceServers))).toThrow(message)
  })

  it('[NAT-5] takes every form that there is', () => {
    const credentials = { username: 'a', credential: 'b' }
    const urls = ['turn:a', 'turn:[2001:db8::1]:3478?transport=tcp', 'turns:b.example:443']
    expect(iceOf(options([{ urls: 'stun:192.0.2.1:1' }, { urls, ...credentials }])).own).toHaveLength(2)
  })

  it('refuses a policy that there is not', () => {
    expect(() => iceOf(options([], { iceTransportPolicy: 'public' }))).toThrow(/"all" or "relay"/)
  })
})
