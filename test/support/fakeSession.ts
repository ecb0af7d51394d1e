import { Counters, seededRandom, silentLogger, type RandomSource } from '../../lib/core/index.ts'
import type { Identity } from '../../lib/identity/index.ts'
import {
  decodeMessage,
  defaultRules,
  emptyLoadOrder,
  encodeMessage,
  limits,
} from '../../lib/protocol/index.ts'
import { ControlLink } from '../../lib/session/controlLink.ts'
import { controlMessageSchema } from '../../lib/session/controlMessages.ts'
import { hostSession, type RecordMember, type Session } from '../../lib/session/index.ts'
import { SimulatedClock, simulatedIdentity, simulatedVerify } from '../../lib/testing/index.ts'
import { FakeLink } from './fakeLink.ts'

/** A member that the test speaks for. */
export interface FakeMember {
  readonly identity: Identity
  readonly member: RecordMember
  readonly link: FakeLink
}

/** A host whose session is real, and whose members say and send what the test wants. */
export class FakeSession {
  readonly clock: SimulatedClock
  readonly random: RandomSource
  readonly session: Session

  private constructor(session: Session, clock: SimulatedClock, random: RandomSource) {
    this.session = session
    this.clock = clock
    this.random = random
  }

  static async found(): Promise<FakeSession> {
    const clock = new SimulatedClock()
    const random = seededRandom(7)
    const { session } = await hostSession(
      {
        name: 'Anna',
        vehicleClass: 'truck',
        game: null,
        rules: { ...defaultRules, maxPlayers: 64 },
        loadOrder: emptyLoadOrder,
        password: undefined,
        inviteSecret: null,
        admit: undefined,
      },
      {
        clock,
        random,
        logger: silentLogger,
        identity: simulatedIdentity(random),
        dropped: new Counters(),
        verify: simulatedVerify,
        connect: () => Promise.reject(new Error('no links in this test')),
      },
    )
    return new FakeSession(session, clock, random)
  }

  get dropped(): Partial<Record<string, number>> {
    return this.session.environment.dropped.snapshot()
  }

  /** Admits a member that drives, linked with the host. */
  async member(name = 'A member'): Promise<FakeMember> {
    const { record } = this.session
    const identity = simulatedIdentity(this.random)
    const entry = await record.append({
      type: 'joined',
      signKey: identity.signKey,
      boxKey: identity.boxKey,
      incarnation: this.random.bytes(8),
      name,
      vehicleClass: 'truck',
      slot: record.state.memberCount,
    })
    this.session.applied(entry)
    const member = record.state.member(identity.signKey) as RecordMember
    const link = new FakeLink()
    this.session.attach(member, new ControlLink(link, this.session.environment), true)
    return { identity, member, link }
  }

  /** Lets a member say something on a channel. */
  say({ link }: FakeMember, channel: string, body: Uint8Array): void {
    const message = { type: 'channel', channel, body } as const
    link.arrive(encodeMessage(controlMessageSchema, message, limits.controlMessageBytes))
  }

  /** What was said to a member on channels since the last time. */
  heard({ link }: FakeMember): Uint8Array[] {
    return link.sent.splice(0).flatMap((bytes) => {
      const message = decodeMessage(controlMessageSchema, bytes, limits.controlMessageBytes)
      return message.type === 'channel' ? [message.body] : []
    })
  }

  async close(): Promise<void> {
    await this.clock.complete(this.session.close())
    await this.clock.run(2_000)
  }
}
