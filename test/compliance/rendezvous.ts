import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createIdentity,
  deriveSessionId,
  signAnnouncement,
  succession,
  tweetnaclSigner,
  type Identity,
} from '../../lib/identity/index.ts'
import { fromUtf8, systemRandom, utf8, type Clock } from '../../lib/core/index.ts'
import { limits } from '../../lib/protocol/index.ts'
import type { Announcement, HostedSession, Rendezvous, Route } from '../../lib/rendezvous/index.ts'
import { ScriptedRecord } from '../support/scriptedRecord.ts'
import { describeWitness } from './witness.ts'

/** One kind of rendezvous under test, with the service behind it. */
export interface RendezvousSubject {
  /** What announcements are timed by. */
  clock: Clock
  /** A rendezvous for one more peer. The suite closes it. */
  rendezvous(): Rendezvous
  /** The service dies, without a word to anybody. */
  goDown(): Promise<void>
  /** A new one starts at the same place. */
  comeBack(): Promise<void>
  /** Waits for `work`: on simulated time, by letting it pass. */
  complete<T>(work: Promise<T>): Promise<T>
  /** Waits until `condition` holds. */
  until(condition: () => boolean): Promise<void>
  /** Who announces: on simulated time one that signs at once, since time would run away from a promise. */
  identity?(): Identity
  /** Clients that the service holds a connection of. */
  clients(): number
  /** Ends the service; checks that nothing is left of it. */
  close(): Promise<void>
}

/** A session that a test announces. */
export interface TestSession {
  readonly sessionId: Uint8Array
  /** Signed anew at each call. */
  announcement(changes?: { lobbyName?: string | null; lifetimeMs?: number }): Promise<Announcement>
}

/** Signs at once: what completes on threads would not wait for simulated time. */
function synchronousIdentity(): Identity {
  const seed = systemRandom.bytes(32)
  return createIdentity({ seed, signer: tweetnaclSigner(seed) })
}

/** A session of a fresh host. */
export function foundSession(clock: Clock, identity: Identity = synchronousIdentity()): TestSession {
  const founderNonce = systemRandom.bytes(16)
  const sessionId = deriveSessionId(identity.signKey, founderNonce)
  return {
    sessionId,
    async announcement({ lobbyName = null, lifetimeMs = 3_600_000 } = {}) {
      const listing =
        lobbyName === null
          ? null
          : {
              lobbyName,
              description: '',
              game: null,
              players: 1,
              maxPlayers: 8,
              passwordRequired: false,
              vehicleClasses: ['truck' as const],
            }
      const body = { sessionId, founderKey: identity.signKey, founderNonce, boxKey: identity.boxKey, listing }
      return {
        sessionId,
        envelope: await signAnnouncement(identity, body, { clock, random: systemRandom, lifetimeMs }),
      }
    },
  }
}

/** A session of which hosts are elected. */
export function foundSuccession(clock: Clock, identity: () => Identity = synchronousIdentity) {
  const [founder, second, third] = [identity(), identity(), identity()] as const
  const record = new ScriptedRecord(founder, { clock, random: systemRandom })
  return {
    record,
    hosts: [founder, second, third] as const,
    /** Founds it, with all three as voters. */
    async found(): Promise<void> {
      await record.other()
      await record.voters(founder, [founder, second, third])
    },
    /** What `host` puts up, as the record has it now. */
    async announcement(host: Identity, lobbyName = 'Later'): Promise<Announcement> {
      const { sessionId, founding, epoch } = record
      const listing = {
        lobbyName,
        description: '',
        game: null,
        players: 3,
        maxPlayers: 8,
        passwordRequired: false,
        vehicleClasses: [],
      }
      const later = epoch === 0 ? {} : { succession: { epoch, founderBoxKey: founder.boxKey } }
      const body = { ...founding, boxKey: host.boxKey, ...later, listing }
      const options = { clock, random: systemRandom, lifetimeMs: 3_600_000 }
      const envelope = await signAnnouncement(host, body, options)
      return { sessionId, envelope, proof: succession(record.entries) }
    },
    /** What a voter puts up where the host is gone ([SUC-12]). */
    async meeting(voter: Identity): Promise<Announcement> {
      const { sessionId, founding, epoch } = record
      const later = { epoch, founderBoxKey: founder.boxKey, meeting: true as const }
      const body = { ...founding, boxKey: voter.boxKey, succession: later, listing: null }
      const options = { clock, random: systemRandom, lifetimeMs: 3_600_000 }
      const envelope = await signAnnouncement(voter, body, options)
      return { sessionId, envelope, proof: record.entries.slice(1).map(({ bytes }) => bytes) }
    },
  }
}

/** Everything a test wants to know of a route. */
export function watch(route: Route): { texts: string[]; closed: number } {
  const seen = { texts: [] as string[], closed: 0 }
  route.on('message', (message) => seen.texts.push(fromUtf8(message)))
  route.on('closed', () => seen.closed++)
  return seen
}

/** What a kind of rendezvous does without, so that what is promised of it does not apply. */
export interface Without {
  /** A service that all peers share: one that may be lost, and knows of every host. */
  service?: boolean
  /** A list of sessions, and anything to wait for when asking for it. */
  list?: boolean
  /** Telling the other end that a route is over. */
  closing?: boolean
}

/** What every rendezvous promises, whatever is behind it. */
export function describeRendezvous(
  name: string,
  setup: () => Promise<RendezvousSubject>,
  without: Without = {},
): void {
  const itOfService = it.skipIf(without.service)
  const itOfList = it.skipIf(without.list)
  const itOfClosing = it.skipIf(without.closing)
  describe(`${name} as a rendezvous`, () => {
    let subject: RendezvousSubject
    let opened: Rendezvous[]
    let session: TestSession

    const rendezvous = (): Rendezvous => {
      const one = subject.rendezvous()
      opened.push(one)
      return one
    }
    /** A session on the air, and the routes that joiners opened to it. */
    const host = async (
      at: Rendezvous = rendezvous(),
      announced: TestSession = session,
    ): Promise<{ hosted: HostedSession; routes: Route[] }> => {
      const hosted = await subject.complete(at.announce(await announced.announcement()))
      const routes: Route[] = []
      hosted.on('route', (route) => routes.push(route))
      return { hosted, routes }
    }
    /** Both ends of a route to it. */
    const join = async (
      routes: Route[],
      at: Rendezvous = rendezvous(),
    ): Promise<{ joiner: Route; hosts: Route }> => {
      const before = routes.length
      const { route: joiner } = await subject.complete(at.reach(session.sessionId))
      await subject.until(() => routes.length > before)
      return { joiner, hosts: routes[before]! }
    }
    const rejection = (work: Promise<unknown>): Promise<unknown> =>
      subject.complete(
        work.then(
          () => expect.unreachable('it should have been refused'),
          (error: unknown) => error,
        ),
      )

    beforeEach(async () => {
      subject = await setup()
      opened = []
      session = foundSession(subject.clock, subject.identity?.())
    })
    afterEach(async () => {
      for (const one of opened) await subject.complete(one.close())
      await subject.close()
    })

    describe('introducing', () => {
      it('[RDV-20] hands the joiner the announcement as the host signed it', async () => {
        const announcement = await session.announcement()
        await subject.complete(rendezvous().announce(announcement))
        const { envelope } = await subject.complete(rendezvous().reach(session.sessionId))
        expect(envelope).toEqual(announcement.envelope)
      })

      it('[RDV-22] carries messages in order, both ways, up to the limit in size', async () => {
        const { routes } = await host()
        const { joiner, hosts } = await join(routes)
        const atHost = watch(hosts)
        const atJoiner = watch(joiner)
        const texts = Array.from({ length: 20 }, (_, index) => String(index).padEnd(1 + index * 50, '.'))
        texts.push('x'.repeat(limits.rendezvousMessageBytes))
        for (const text of texts) {
          joiner.send(utf8(text))
          hosts.send(utf8(text.toUpperCase()))
        }
        await subject.until(
          () => atHost.texts.length === texts.length && atJoiner.texts.length === texts.length,
        )
        expect(atHost.texts).toEqual(texts)
        expect(atJoiner.texts).toEqual(texts.map((text) => text.toUpperCase()))
      })

      itOfClosing('keeps messages, and the closing, for a listener who comes late', async () => {
        const { routes } = await host()
        const { joiner, hosts } = await join(routes)
        joiner.send(utf8('first'))
        joiner.send(utf8('second'))
        joiner.close()
        const other = await join(routes)
        other.joiner.send(utf8('marker'))
        const marker = watch(other.hosts)
        await subject.until(() => marker.texts.length === 1)
        expect(watch(hosts)).toEqual({ texts: ['first', 'second'], closed: 1 })
      })

      itOfList('keeps a route for a listener who comes late', async () => {
        const hosted = await subject.complete(rendezvous().announce(await session.announcement()))
        const { route } = await subject.complete(rendezvous().reach(session.sessionId))
        route.send(utf8('knock'))
        const probe = await subject.complete(rendezvous().list())
        expect(probe).toEqual([])
        const routes: Route[] = []
        hosted.on('route', (arrived) => routes.push(arrived))
        await subject.until(() => routes.length === 1)
        const seen = watch(routes[0]!)
        await subject.until(() => seen.texts.length === 1)
        expect(seen.texts).toEqual(['knock'])
      })

      it('gives each joiner a route of its own, over one connection or several', async () => {
        const { routes } = await host()
        const shared = rendezvous()
        const pairs = [await join(routes, shared), await join(routes, shared), await join(routes)]
        const seen = pairs.map(({ joiner }) => watch(joiner))
        pairs.forEach(({ hosts }, index) => hosts.send(utf8(`for ${index}`)))
        await subject.until(() => seen.every(({ texts }) => texts.length === 1))
        expect(seen.map(({ texts }) => texts)).toEqual([['for 0'], ['for 1'], ['for 2']])
      })

      it('lets one peer host several sessions and reach its own', async () => {
        const at = rendezvous()
        const other = foundSession(subject.clock)
        const first = await host(at)
        const second = await host(at, other)
        await subject.complete(at.reach(other.sessionId))
        await subject.until(() => second.routes.length === 1)
        expect(first.routes).toHaveLength(0)
      })

      it('answers session-not-found for a session nobody announced', async () => {
        expect(await rejection(rendezvous().reach(session.sessionId))).toMatchObject({
          code: 'session-not-found',
        })
      })

      it('[RDV-23] refuses an oversized message to its sender, and the route lives on', async () => {
        const { routes } = await host()
        const { joiner, hosts } = await join(routes)
        const seen = watch(hosts)
        expect(() => joiner.send(new Uint8Array(limits.rendezvousMessageBytes + 1))).toThrow(
          expect.objectContaining({ code: 'message-too-large' }) as Error,
        )
        joiner.send(utf8('still there'))
        await subject.until(() => seen.texts.length === 1)
      })
    })

    describe('announcing', () => {
      itOfList('[RDV-11] replaces the announcement with an update', async () => {
        const { hosted } = await host()
        const newer = await session.announcement({ lobbyName: 'Newer' })
        await subject.complete(hosted.update(newer))
        const joiner = rendezvous()
        expect((await subject.complete(joiner.reach(session.sessionId))).envelope).toEqual(newer.envelope)
        expect(await subject.complete(joiner.list())).toEqual([newer.envelope])
      })

      it('[RDV-15] withdraws: nobody finds it any more, and open routes stay', async () => {
        const { hosted, routes } = await host()
        const { joiner, hosts } = await join(routes)
        const seen = watch(joiner)
        await subject.complete(hosted.close())
        expect(await rejection(rendezvous().reach(session.sessionId))).toMatchObject({
          code: 'session-not-found',
        })
        hosts.send(utf8('still here'))
        await subject.until(() => seen.texts.length === 1)
        expect(seen.closed).toBe(0)
      })

      itOfList('[RDV-18] lists what wants to be listed, as the hosts signed it', async () => {
        const listed = await session.announcement({ lobbyName: 'Come along' })
        await subject.complete(rendezvous().announce(listed))
        await host(rendezvous(), foundSession(subject.clock))
        expect(await subject.complete(rendezvous().list())).toEqual([listed.envelope])
      })

      itOfList('[RDV-18] lists more than one frame holds', async () => {
        const at = rendezvous()
        const envelopes: Uint8Array[] = []
        for (let index = 0; index < 20; index++) {
          const announcement = await foundSession(subject.clock).announcement({
            lobbyName: `Session ${index}`,
          })
          envelopes.unshift(announcement.envelope)
          await subject.complete(at.announce(announcement))
        }
        expect(await subject.complete(rendezvous().list())).toEqual(envelopes)
      })

      it('[RDV-10] refuses a tampered announcement', async () => {
        const announcement = await session.announcement()
        announcement.envelope[announcement.envelope.length - 1]! ^= 1
        expect(await rejection(rendezvous().announce(announcement))).toMatchObject({
          code: 'message-unauthentic',
        })
      })

      it('[RDV-10] refuses an expired announcement', async () => {
        const past: Clock = { ...subject.clock, wallTime: () => subject.clock.wallTime() - 3_600_000 }
        const announcement = await foundSession(past).announcement({ lifetimeMs: 1_000 })
        expect(await rejection(rendezvous().announce(announcement))).toMatchObject({
          code: 'message-expired',
        })
      })

      itOfService(
        '[RDV-12] lets nobody take over a session by repeating its public announcement',
        async () => {
          const announcement = await session.announcement({ lobbyName: 'Public' })
          const hosted = await subject.complete(rendezvous().announce(announcement))
          const routes: Route[] = []
          hosted.on('route', (route) => routes.push(route))
          const thief = rendezvous()
          expect(await rejection(thief.announce({ ...announcement }))).toMatchObject({
            code: 'message-replayed',
          })
          await join(routes)
        },
      )

      itOfService(
        '[RDV-12] lets the same host take its session over from elsewhere, and tells the former place',
        async () => {
          const former = await host()
          const issuedAt = Math.floor(subject.clock.wallTime())
          const causes: unknown[] = []
          former.hosted.on('lost', ({ cause }) => causes.push(cause))
          // Announcements are told apart in time by the millisecond.
          await subject.until(() => Math.floor(subject.clock.wallTime()) > issuedAt)
          const { routes } = await host()
          await join(routes)
          await subject.until(() => causes.length === 1)
          expect(causes).toMatchObject([{ code: 'not-permitted' }])
          expect(former.routes).toHaveLength(0)
        },
      )

      describe.skipIf(without.service)('a later host', () => {
        let elected: ReturnType<typeof foundSuccession>
        const announcing = async (host: Identity): Promise<HostedSession> =>
          subject.complete(rendezvous().announce(await elected.announcement(host)))
        beforeEach(async () => {
          elected = foundSuccession(subject.clock, subject.identity)
          await elected.found()
        })

        it('[RDV-35] is announced with its proof, which joiners get and the public list leaves out', async () => {
          const { record, hosts } = elected
          await record.elected(hosts[1], [hosts[1], hosts[2]])
          const announcement = await elected.announcement(hosts[1])
          await subject.complete(rendezvous().announce(announcement))
          const at = rendezvous()
          const { envelope, proof } = await subject.complete(at.reach(record.sessionId))
          expect({ envelope, proof }).toEqual({ envelope: announcement.envelope, proof: announcement.proof })
          expect(await subject.complete(at.list())).toEqual([announcement.envelope])
        })

        it('[RDV-36] takes the session over, and the former host can not take it back', async () => {
          const { record, hosts } = elected
          const former = await subject.complete(rendezvous().announce(await elected.announcement(hosts[0])))
          const causes: unknown[] = []
          former.on('lost', ({ cause }) => causes.push(cause))
          await record.elected(hosts[1], [hosts[1], hosts[2]])
          const later = await elected.announcement(hosts[1])
          await subject.complete(rendezvous().announce(later))
          await subject.until(() => causes.length === 1)
          const unproven = { ...(await elected.announcement(hosts[1])), proof: [] }
          record.epoch = 0
          const again = { ...(await elected.announcement(hosts[0])), proof: [] }
          expect(await rejection(former.update(again))).toMatchObject({ code: 'message-replayed' })
          expect(await rejection(rendezvous().announce(again))).toMatchObject({ code: 'message-replayed' })
          expect(await rejection(rendezvous().announce(unproven))).toMatchObject({
            code: 'message-unauthentic',
          })
          const { envelope } = await subject.complete(rendezvous().reach(record.sessionId))
          expect(envelope).toEqual(later.envelope)
        })

        it('[RDV-36] hands it on to the next, be it the founder again', async () => {
          const { record, hosts } = elected
          for (const host of [hosts[1], hosts[2], hosts[0]]) {
            await record.elected(host, [hosts[1], hosts[2]])
            await announcing(host)
          }
          const { proof } = await subject.complete(rendezvous().reach(record.sessionId))
          expect(proof).toEqual(succession(record.entries))
        })

        it('[RDV-35] is nobody who only says so, or has another one’s proof', async () => {
          const { record, hosts } = elected
          await record.elected(hosts[1], [hosts[1], hosts[2]])
          for (const host of [hosts[2], foundSuccession(subject.clock, subject.identity).hosts[0]])
            expect(await rejection(rendezvous().announce(await elected.announcement(host)))).toMatchObject({
              code: 'message-unauthentic',
            })
          expect(await rejection(rendezvous().reach(record.sessionId))).toMatchObject({
            code: 'session-not-found',
          })
        })

        it('[RDV-12] loses its session to nobody who repeats its announcement and its proof', async () => {
          const { record, hosts } = elected
          await record.elected(hosts[1], [hosts[1], hosts[2]])
          const announcement = await elected.announcement(hosts[1])
          const hosted = await subject.complete(rendezvous().announce(announcement))
          const routes: Route[] = []
          hosted.on('route', (route) => routes.push(route))
          expect(await rejection(rendezvous().announce({ ...announcement }))).toMatchObject({
            code: 'message-replayed',
          })
          await subject.complete(rendezvous().reach(record.sessionId))
          await subject.until(() => routes.length === 1)
        })

        it('[RDV-36] of the same epoch as the one that is up does not take its place', async () => {
          const { record, hosts } = elected
          const { length } = record
          await record.elected(hosts[1], [hosts[1], hosts[2]])
          const first = await elected.announcement(hosts[1])
          // Somebody voted twice.
          record.entries.length = length
          record.epoch = 0
          await record.elected(hosts[2], [hosts[1], hosts[2]])
          await subject.complete(rendezvous().announce(first))
          expect(await rejection(rendezvous().announce(await elected.announcement(hosts[2])))).toMatchObject({
            code: 'message-replayed',
          })
        })
      })

      it('refuses to announce a session twice at once', async () => {
        const at = rendezvous()
        await host(at)
        expect(await rejection(at.announce(await session.announcement()))).toMatchObject({
          code: 'invalid-argument',
        })
      })
    })

    if (without.service !== true) describeWitness(() => ({ subject, rendezvous, rejection }))

    describe('ending', () => {
      it.skipIf(without.closing).each(['joiner', 'hosts'] as const)(
        '[RDV-24] shows a route closed by the %s to the other end, once',
        async (end) => {
          const { routes } = await host()
          const pair = await join(routes)
          const seen = { joiner: watch(pair.joiner), hosts: watch(pair.hosts) }
          pair[end].close()
          pair[end].close()
          await subject.until(() => seen.joiner.closed + seen.hosts.closed === 2)
          expect(seen).toMatchObject({ joiner: { closed: 1 }, hosts: { closed: 1 } })
          expect(() => pair.joiner.send(utf8('late'))).toThrow(
            expect.objectContaining({ code: 'closed' }) as Error,
          )
        },
      )

      itOfClosing('[RDV-24] ends the routes of a peer that is gone', async () => {
        const { routes } = await host()
        const leaving = rendezvous()
        const { hosts } = await join(routes, leaving)
        const seen = watch(hosts)
        await subject.complete(leaving.close())
        await subject.until(() => seen.closed === 1)
      })

      itOfList('closes any number of times, and then refuses', async () => {
        const at = rendezvous()
        const { hosted, routes } = await host(at)
        const { joiner } = await join(routes)
        for (let time = 0; time < 2; time++) {
          joiner.close()
          await subject.complete(hosted.close())
          await subject.complete(at.close())
        }
        expect(await rejection(at.reach(session.sessionId))).toMatchObject({ code: 'closed' })
        expect(await rejection(at.list())).toMatchObject({ code: 'closed' })
        expect(await rejection(at.announce(await session.announcement()))).toMatchObject({ code: 'closed' })
        expect(await rejection(hosted.update(await session.announcement()))).toMatchObject({ code: 'closed' })
      })

      itOfList('leaves no connection behind', async () => {
        const { routes } = await host()
        await join(routes)
        for (const one of opened) await subject.complete(one.close())
        await subject.until(() => subject.clients() === 0)
      })
    })

    describe.skipIf(without.list)('giving up', () => {
      const waits = {
        announce: async (at: Rendezvous, signal: AbortSignal) =>
          at.announce(await session.announcement(), signal),
        reach: (at: Rendezvous, signal: AbortSignal) => at.reach(session.sessionId, signal),
        list: (at: Rendezvous, signal: AbortSignal) => at.list(signal),
      }
      it.each(Object.entries(waits))('stops %s when aborted before', async (_name, wait) => {
        expect(await rejection(wait(rendezvous(), AbortSignal.abort()))).toMatchObject({ code: 'aborted' })
      })

      it.each(Object.entries(waits))('stops %s when aborted while connecting', async (_name, wait) => {
        const controller = new AbortController()
        const work = wait(rendezvous(), controller.signal)
        controller.abort(new Error('Changed my mind.'))
        expect(await rejection(work)).toMatchObject({
          code: 'aborted',
          cause: { message: 'Changed my mind.' },
        })
      })

      it.each(Object.entries(waits))(
        'stops %s when aborted while the service is asked, and takes it back',
        async (_name, wait) => {
          const at = rendezvous()
          await subject.complete(at.list())
          const { hosted, routes } = await host()
          const controller = new AbortController()
          const work = wait(at, controller.signal)
          await Promise.resolve()
          controller.abort()
          expect(await rejection(work)).toMatchObject({ code: 'aborted' })
          // The service may have opened the route meanwhile: its end at the host closes again.
          await subject.complete(at.list())
          const closed = routes.map((route) => watch(route))
          await subject.until(() => closed.every((seen) => seen.closed === 1))
          await subject.complete(hosted.close())
        },
      )
    })

    describe.skipIf(without.list)('giving up an announcement', () => {
      it('takes it back although the service may have it already', async () => {
        const at = rendezvous()
        await subject.complete(at.list())
        const announcement = await session.announcement()
        const controller = new AbortController()
        const work = at.announce(announcement, controller.signal)
        await Promise.resolve()
        controller.abort()
        expect(await rejection(work)).toMatchObject({ code: 'aborted' })
        // Announced anew from the same place: the service worked through everything before.
        const hosted = await subject.complete(at.announce(announcement))
        await subject.complete(hosted.close())
        expect(await rejection(rendezvous().reach(session.sessionId))).toMatchObject({
          code: 'session-not-found',
        })
      })
    })

    describe.skipIf(without.service)('losing the service', () => {
      it('[RDV-27] ends routes, tells the host, and announces again once it is back', async () => {
        const { hosted, routes } = await host()
        const { joiner, hosts } = await join(routes)
        const seen = [watch(joiner), watch(hosts)]
        const events: string[] = []
        hosted.on('lost', ({ cause }) => events.push(`lost: ${(cause as { code: string }).code}`))
        hosted.on('restored', () => events.push('restored'))
        await subject.goDown()
        await subject.until(() => events.length === 1 && seen.every(({ closed }) => closed === 1))
        await subject.comeBack()
        await subject.until(() => events.length === 2)
        expect(events).toEqual(['lost: rendezvous-unreachable', 'restored'])
        await join(routes)
      })

      it('puts up what was updated meanwhile', async () => {
        const { hosted } = await host()
        const events: string[] = []
        hosted.on('lost', () => events.push('lost'))
        hosted.on('restored', () => events.push('restored'))
        await subject.goDown()
        await subject.until(() => events.length === 1)
        const newer = await session.announcement({ lobbyName: 'Meanwhile' })
        await subject.complete(hosted.update(newer))
        await subject.comeBack()
        await subject.until(() => events.length === 2)
        expect(await subject.complete(rendezvous().list())).toEqual([newer.envelope])
      })

      it('says that nobody answers, where, and what to do', async () => {
        await subject.goDown()
        const at = rendezvous()
        const error = await rejection(at.reach(session.sessionId))
        expect(error).toMatchObject({ code: 'rendezvous-unreachable' })
        expect((error as Error).message).toContain(at.hint)
        expect((error as Error).message).toContain('It may be down')
        expect(await rejection(at.announce(await session.announcement()))).toMatchObject({
          code: 'rendezvous-unreachable',
        })
      })

      it('works again for a joiner once the service is back', async () => {
        const at = rendezvous()
        await subject.goDown()
        await rejection(at.reach(session.sessionId))
        await subject.comeBack()
        await host()
        await subject.complete(at.reach(session.sessionId))
      })

      it('stops coming back once closed', async () => {
        const at = rendezvous()
        const { hosted } = await host(at)
        let lost = false
        hosted.on('lost', () => (lost = true))
        await subject.goDown()
        await subject.until(() => lost)
        await subject.complete(hosted.close())
        await subject.complete(at.close())
      })
    })
  })
}
