import { beforeEach, describe, expect, it } from 'vitest'
import { seededRandom, utf8 } from '../../lib/core/index.ts'
import {
  announcementBytes,
  clockSkewMs,
  openAnnouncement,
  signAnnouncement,
  succession,
  successionBytes,
  successionEntries,
  tweetnaclSigner,
  verifySync,
  witnessSecretHash,
} from '../../lib/identity/index.ts'
import {
  encodeClientFrame,
  encodeServiceFrame,
  decodeServiceFrame,
  frameVersion,
  type ClientFrame,
  type ServiceFrame,
} from '../../lib/rendezvous/frames.ts'
import {
  defaultSwitchboardLimits,
  Switchboard,
  type Announcement,
  type SwitchboardLimits,
  type SwitchboardSocket,
} from '../../lib/rendezvous/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { stoppedClock } from '../identity/support.ts'
import { foundSession, foundSuccession, type TestSession } from '../compliance/rendezvous.ts'

/** A client without any network in between. */
class Client {
  readonly frames: ServiceFrame[] = []
  readonly socket: SwitchboardSocket
  cut: string | undefined
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock, switchboard: Switchboard, address: string | null = null, greets = true) {
    this.#clock = clock
    this.socket = switchboard.accept({
      address,
      stun: null,
      send: (bytes) => this.frames.push(decodeServiceFrame(bytes)),
      cut: (reason) => (this.cut = reason),
    })
    if (greets) this.send({ type: 'hello', version: frameVersion })
  }

  send(frame: ClientFrame): void {
    this.socket.receive(encodeClientFrame(frame))
  }

  /** Sends it, and gives what came back. */
  async ask(frame: ClientFrame): Promise<ServiceFrame> {
    this.frames.length = 0
    this.send(frame)
    await this.#clock.settle()
    return this.frames[0]!
  }

  types(): string[] {
    return this.frames.map(({ type }) => type)
  }
}

describe('a switchboard', () => {
  let clock: SimulatedClock
  let switchboard: Switchboard
  let session: TestSession
  const start = (limits: Partial<SwitchboardLimits> = {}): void => {
    switchboard = new Switchboard({
      clock,
      random: seededRandom(1),
      verify: verifySync,
      signer: tweetnaclSigner,
      limits,
    })
  }
  const client = (address: string | null = null): Client => new Client(clock, switchboard, address)
  const announce = async (
    at: Client,
    resume: Uint8Array | null = null,
    announced?: Announcement,
  ): Promise<ServiceFrame> => {
    const { envelope, proof = [] } = announced ?? (await session.announcement())
    return at.ask({ type: 'announce', request: 1, envelope, proof: [...proof], resume })
  }
  const open = (at: Client): Promise<ServiceFrame> =>
    at.ask({ type: 'open', request: 2, session: session.sessionId })

  beforeEach(() => {
    clock = new SimulatedClock()
    session = foundSession(clock)
    start()
    return () => {
      switchboard.close()
      expect(clock.pendingTimers).toBe(0)
    }
  })

  it('[RDV-5] pings, and cuts who shows no sign of life for three pings', async () => {
    const alive = client()
    const dead = client()
    await announce(alive)
    await announce(dead, null, await foundSession(clock).announcement())
    for (let second = 0; second < 60; second++) {
      await clock.run(1_000)
      if (alive.types().at(-1) === 'ping') alive.send({ type: 'pong' })
    }
    expect(alive.cut).toBeUndefined()
    expect(dead.cut).toBe('silent')
    expect(dead.types().filter((type) => type === 'ping')).toHaveLength(2)
  })

  it('[RDV-3] cuts who never says hello', async () => {
    const mute = new Client(clock, switchboard, null, false)
    await clock.run(15_000)
    expect(mute.cut).toBe('silent')
  })

  it('[RDV-29] cuts who needs nothing any more, and nobody else', async () => {
    const host = client()
    const idle = client()
    const joiner = client()
    await announce(host)
    await open(joiner)
    for (let second = 0; second < 70; second++) {
      await clock.run(1_000)
      for (const each of [host, idle, joiner]) each.send({ type: 'pong' })
    }
    expect([host.cut, idle.cut, joiner.cut]).toEqual([undefined, 'idle', undefined])
  })

  it('[RDV-24] closes a route over which nothing goes for two minutes', async () => {
    const host = client()
    const joiner = client()
    await announce(host)
    await open(joiner)
    const go = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        await clock.run(1_000)
        for (const each of [host, joiner]) each.send({ type: 'pong' })
      }
    }
    await go(110)
    joiner.send({ type: 'relay', route: 1, message: utf8('still deciding') })
    await go(110)
    expect(joiner.types()).not.toContain('closed')
    await go(20)
    expect(joiner.types()).toContain('closed')
    expect(host.types()).toContain('closed')
  })

  it('[RDV-16] keeps a session while its host is away for a moment, and introduces who asked meanwhile', async () => {
    const host = client()
    const { resume } = (await announce(host)) as { resume: Uint8Array }
    host.socket.gone()
    const joiner = client()
    expect(await open(joiner)).toBeUndefined()
    await clock.run(3_000)
    const again = client()
    await announce(again, resume)
    await clock.settle()
    expect(joiner.types()).toEqual(['opened'])
    expect(again.types()).toEqual(['announced', 'incoming'])
  })

  it('[RDV-16] does not keep those who ask waiting for ever', async () => {
    const host = client()
    await announce(host)
    host.socket.gone()
    const joiner = client()
    await open(joiner)
    await clock.run(defaultSwitchboardLimits.openWaitMs)
    expect(joiner.frames).toMatchObject([{ type: 'refused', code: 'session-not-found' }])
  })

  it('[RDV-16] forgets a session whose host stays away', async () => {
    const host = client()
    await announce(host)
    host.socket.gone()
    await clock.run(defaultSwitchboardLimits.hostGraceMs - 1)
    expect(switchboard.stats().sessions).toBe(1)
    await clock.run(1)
    expect(switchboard.stats().sessions).toBe(0)
  })

  it('[RDV-13] takes an old announcement of a session whose host is away from nobody but that host', async () => {
    const public_ = await session.announcement({ lobbyName: 'Public' })
    const host = client()
    const { resume } = (await announce(host, null, public_)) as { resume: Uint8Array }
    host.socket.gone()
    const thief = client()
    expect(await announce(thief, null, public_)).toMatchObject({ type: 'refused', code: 'message-replayed' })
    expect(await announce(thief, new Uint8Array(16), public_)).toMatchObject({ code: 'message-replayed' })
    const again = client()
    expect(await announce(again, resume, public_)).toMatchObject({ type: 'announced' })
  })

  it('[RDV-12] lets a newer announcement replace an older one at once, and never the other way round', async () => {
    const older = await session.announcement()
    await clock.run(1)
    const newer = await session.announcement()
    const former = client()
    const later = client()
    await announce(former, null, older)
    expect(await announce(later, null, newer)).toMatchObject({ type: 'announced' })
    expect(former.frames.at(-1)).toMatchObject({ type: 'dropped', cause: 'replaced' })
    expect(await announce(former, null, older)).toMatchObject({ code: 'message-replayed' })
    expect(await announce(later, null, older)).toMatchObject({ code: 'message-replayed' })
  })

  it('[RDV-17] takes a session down when its announcement has expired, and tells its host', async () => {
    const host = client()
    await announce(host, null, await session.announcement({ lifetimeMs: 60_000, lobbyName: 'Short' }))
    const go = async (durationMs: number): Promise<void> => {
      for (let passed = 0; passed < durationMs; passed += 10_000) {
        await clock.run(10_000)
        host.send({ type: 'pong' })
      }
    }
    await go(clockSkewMs)
    expect(switchboard.stats().sessions).toBe(1)
    await go(70_000)
    expect(switchboard.stats().sessions).toBe(0)
    expect(host.types()).toContain('dropped')
    expect(await open(client())).toMatchObject({ code: 'session-not-found' })
  })

  it('[RDV-26] forgives mistakes that lie far enough apart', async () => {
    switchboard.close()
    start({ strikes: 10, strikesPerSecond: 0.1 })
    const clumsy = client()
    await announce(clumsy)
    for (let count = 0; count < 50; count++) {
      clumsy.socket.receive(utf8('?'))
      await clock.run(11_000)
    }
    expect(clumsy.cut).toBeUndefined()
    for (let count = 0; count < 12; count++) clumsy.socket.receive(utf8('?'))
    expect(clumsy.cut).toBe('malformed')
  })

  it('[RDV-42] sends clients away a few at a time, those last that have a route', async () => {
    const host = client('host')
    await announce(host)
    const joiner = client('joiner')
    await joiner.ask({ type: 'open', request: 1, session: session.sessionId })
    const idle = [client('a'), client('b'), client('c')]
    const away = (): unknown[] => idle.map(({ cut }) => cut)
    expect(switchboard.drain(2)).toBe(3)
    expect(away()).toEqual(['going-away', 'going-away', undefined])
    expect(switchboard.drain(2)).toBe(2)
    expect(switchboard.drain(2)).toBe(2)
    expect([host.cut, joiner.cut]).toEqual([undefined, undefined])
    joiner.socket.gone()
    expect(switchboard.drain(2)).toBe(0)
    expect(host.cut).toBe('going-away')
  })

  it('[RDV-25] counts a list as many requests, since its answer is long', async () => {
    switchboard.close()
    start({ requestsBurst: 40, requestsPerSecond: 5, listCost: 20 })
    const reader = client('somewhere')
    const answers: string[] = []
    for (let count = 0; count < 4; count++)
      answers.push((await reader.ask({ type: 'list', request: count })).type)
    expect(answers).toEqual(['listed', 'listed', 'refused', 'refused'])
    await clock.run(4_000)
    expect(await reader.ask({ type: 'list', request: 9 })).toMatchObject({ type: 'listed' })
    expect(await client('elsewhere').ask({ type: 'list', request: 1 })).toMatchObject({ type: 'listed' })
  })

  it('[RDV-20] relays between two routes of one and the same client', async () => {
    const both = client()
    await announce(both)
    await open(both)
    expect(both.types()).toEqual(['opened', 'incoming'])
    const [opened, incoming] = both.frames as { route: number }[]
    both.frames.length = 0
    both.send({ type: 'relay', route: opened!.route, message: utf8('to myself') })
    both.send({ type: 'close', route: incoming!.route })
    expect(both.frames).toMatchObject([
      { type: 'relay', route: incoming!.route },
      { type: 'closed', route: opened!.route },
    ])
    expect(switchboard.stats().routes).toBe(0)
  })

  it('[RDV-6] withdraws what is still being checked', async () => {
    const hasty = client()
    const { envelope } = await session.announcement()
    hasty.send({ type: 'announce', request: 1, envelope, proof: [], resume: null })
    hasty.send({ type: 'withdraw', request: 2, session: session.sessionId })
    await clock.settle()
    expect(hasty.types()).toEqual(['welcome', 'announced', 'withdrawn'])
    expect(switchboard.stats().sessions).toBe(0)
  })

  it('answers nothing that comes after the end', async () => {
    const gone = client()
    const { envelope } = await session.announcement()
    gone.send({ type: 'announce', request: 1, envelope, proof: [], resume: null })
    gone.socket.gone()
    gone.socket.gone()
    gone.send({ type: 'list', request: 2 })
    await clock.settle()
    expect(gone.types()).toEqual(['welcome'])
    expect(switchboard.stats()).toMatchObject({ clients: 0, sessions: 0 })
  })

  describe('with a later host', () => {
    let elected: ReturnType<typeof foundSuccession>
    beforeEach(async () => {
      elected = foundSuccession(clock)
      await elected.found()
    })
    const announceAs = async (at: Client, index: 0 | 1 | 2, resume: Uint8Array | null = null) =>
      announce(at, resume, await elected.announcement(elected.hosts[index]))
    const electNext = async (index: 0 | 1 | 2): Promise<unknown> =>
      elected.record.elected(elected.hosts[index], [elected.hosts[1], elected.hosts[2]])

    it('[RDV-36] gives it a resume of its own: that of the former host is worth nothing any more', async () => {
      const [former, later] = [client(), client()]
      const { resume } = (await announceAs(former, 0)) as { resume: Uint8Array }
      await electNext(1)
      const answer = (await announceAs(later, 1)) as { resume: Uint8Array }
      expect(answer.resume).not.toEqual(resume)
      expect(former.types()).toContain('dropped')
      const replayed = await elected.announcement(elected.hosts[1])
      await announce(later, null, replayed)
      expect(await announce(client(), resume, replayed)).toMatchObject({ code: 'message-replayed' })
      expect(await announce(client(), answer.resume, replayed)).toMatchObject({ type: 'announced' })
    })

    it('[RDV-36] takes the session over however its clock is set', async () => {
      await announceAs(client(), 0)
      await electNext(1)
      const { sessionId, founding, epoch, entries } = elected.record
      const host = elected.hosts[1]
      const envelope = await signAnnouncement(
        host,
        {
          ...founding,
          boxKey: host.boxKey,
          succession: { epoch, founderBoxKey: elected.hosts[0].boxKey },
          listing: null,
        },
        { clock: stoppedClock(clock.wallTime() - 300_000), random: seededRandom(2), lifetimeMs: 3_600_000 },
      )
      const announced = { sessionId, envelope, proof: succession(entries) }
      expect(await announce(client(), null, announced)).toMatchObject({ type: 'announced' })
    })

    describe('[RDV-36] [SUC-12] and a meeting point', () => {
      const meetAs = async (at: Client, index: 0 | 1 | 2, resume: Uint8Array | null = null) =>
        announce(at, resume, await elected.meeting(elected.hosts[index]))
      /** Whether it is a meeting point that is found. */
      const isMeetingUp = async (): Promise<boolean | undefined> => {
        const { sessionId } = elected.record
        const answer = await client().ask({ type: 'open', request: 2, session: sessionId })
        if (answer.type !== 'opened') return undefined
        const { envelope, proof } = answer
        return (await openAnnouncement(envelope, { clock, proof })).isMeeting
      }

      it('keeps the host up, as long as its connection is there', async () => {
        const host = client()
        await announceAs(host, 0)
        expect(await meetAs(client(), 1)).toMatchObject({ code: 'message-replayed' })
        expect(await isMeetingUp()).toBe(false)
        host.socket.gone()
        expect(await meetAs(client(), 1)).toMatchObject({ type: 'announced' })
        expect(await isMeetingUp()).toBe(true)
      })

      it('gives way to the host, the same or a later one, and keeps its place before other meeting points', async () => {
        const [first, second] = [client(), client()]
        await meetAs(first, 1)
        expect(await meetAs(second, 2)).toMatchObject({ code: 'message-replayed' })
        expect(await announceAs(client(), 0)).toMatchObject({ type: 'announced' })
        expect(first.types()).toContain('dropped')
        expect(await isMeetingUp()).toBe(false)
        await electNext(1)
        expect(await meetAs(second, 2)).toMatchObject({ type: 'announced' })
        expect(await announceAs(client(), 1)).toMatchObject({ type: 'announced' })
      })
    })

    it('[RDV-25] takes a request more of its address for each change of host', async () => {
      switchboard.close()
      start({ requestsPerSecond: 0.001, requestsBurst: 4 })
      await electNext(1)
      await elected.record.voters(elected.hosts[1], elected.hosts)
      await electNext(0)
      const at = client('192.0.2.1')
      expect(await announceAs(at, 0)).toMatchObject({ type: 'announced' })
      expect(await open(at)).toMatchObject({ code: 'session-not-found' })
      expect(await open(at)).toMatchObject({ code: 'rate-limited' })
    })

    it('[RDV-2] has room in a frame for the longest announcement and the longest proof', () => {
      const envelope = new Uint8Array(announcementBytes)
      const proof = Array.from({ length: successionEntries }, (_, index) => {
        const each = Math.floor(successionBytes / successionEntries)
        return new Uint8Array(index === 0 ? successionBytes - each * (successionEntries - 1) : each)
      })
      const resume = new Uint8Array(16)
      encodeClientFrame({ type: 'announce', request: 0xffff_ffff, envelope, proof, resume })
      encodeServiceFrame({ type: 'opened', request: 0xffff_ffff, route: 0xffff_ffff, envelope, proof })
    })
  })

  describe('as a witness', () => {
    const session16 = new Uint8Array(16)
    const register = (at: Client, config: number, secret = 1): Promise<ServiceFrame> =>
      at.ask({
        type: 'witness',
        request: 1,
        session: session16,
        config: new Uint8Array(32).fill(config),
        secretHashes: [witnessSecretHash(new Uint8Array(32).fill(secret))],
      })
    const grant = (at: Client, config: number, secret = 1): Promise<ServiceFrame> =>
      at.ask({
        type: 'grant',
        request: 2,
        config: new Uint8Array(32).fill(config),
        secret: new Uint8Array(32).fill(secret),
        vote: {
          sessionId: session16,
          epoch: 1,
          number: 3,
          previous: new Uint8Array(32),
          candidate: new Uint8Array(32),
        },
      })

    it('[WIT-7] keeps so many configurations for an address, and forgets them a day after they were last registered', async () => {
      switchboard.close()
      start({ configurationsPerAddress: 2 })
      const at = client('192.0.2.1')
      for (const config of [1, 2]) expect(await register(at, config)).toMatchObject({ type: 'witnessing' })
      expect(await register(at, 3)).toMatchObject({ code: 'rate-limited' })
      expect(await register(client('192.0.2.2'), 3)).toMatchObject({ type: 'witnessing' })
      expect(switchboard.stats().witnessed).toBe(3)
      const day = defaultSwitchboardLimits.witnessMs
      await clock.run(day / 2)
      expect(await register(client('192.0.2.1'), 1)).toMatchObject({ type: 'witnessing' })
      await clock.run(day / 2 + 60_000)
      expect(switchboard.stats().witnessed).toBe(1)
      expect(await grant(client(), 2)).toMatchObject({ code: 'session-not-found' })
      expect(await grant(client(), 1)).toMatchObject({ type: 'granted' })
      expect(await register(client('192.0.2.1'), 3)).toMatchObject({ type: 'witnessing' })
    })

    it('[WIT-7] keeps so many configurations altogether', async () => {
      switchboard.close()
      start({ configurations: 1 })
      expect(await register(client(), 1)).toMatchObject({ type: 'witnessing' })
      expect(await register(client(), 2)).toMatchObject({ code: 'rate-limited' })
    })

    it('[RDV-25] counts asking it among the requests of an address', async () => {
      switchboard.close()
      start({ requestsPerSecond: 0.001, requestsBurst: 2 })
      const at = client('192.0.2.1')
      await register(at, 1)
      expect(await grant(at, 1, 2)).toMatchObject({ code: 'message-unauthentic' })
      expect(await grant(at, 1)).toMatchObject({ code: 'rate-limited' })
    })
  })
})
