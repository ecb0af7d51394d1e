import { Encoder } from '@msgpack/msgpack'
import { signEnvelope, type EnvelopeContent } from '../../../../lib/identity/index.ts'
import { decodeMessage, encodeMessage, type VehicleState } from '../../../../lib/protocol/index.ts'
import { forwardChannel } from '../../../../lib/session/index.ts'
import {
  hashOfSample,
  maxCanonicalBytes,
  writeCanonical,
} from '../../../../lib/vehicle/forwarding/canonicalUpdate.ts'
import {
  forwardMessageBytes,
  forwardMessageSchema,
  type ForwardMessage,
} from '../../../../lib/vehicle/forwarding/forwardMessages.ts'
import {
  Forwarding,
  incarnationTag,
  VehiclePublisher,
  VehicleReceiver,
} from '../../../../lib/vehicle/index.ts'
import type { PublishedSamples } from '../../../../lib/vehicle/forwarding/digest.ts'
import { FakeSession, type FakeMember } from '../../../support/fakeSession.ts'
import { knownOf } from '../../support/known.ts'
import { VehiclesLink } from '../../support/vehiclesLink.ts'

/** A host that forwards, whose neighbours say and send what the test wants. */
export class FakeNeighbours {
  readonly fake: FakeSession
  readonly publisher: VehiclePublisher
  readonly vehicles: VehicleReceiver
  readonly forwarding: Forwarding

  private constructor(fake: FakeSession) {
    const { clock, session } = fake
    this.fake = fake
    this.vehicles = new VehicleReceiver(clock)
    this.publisher = new VehiclePublisher({ clock, tag: incarnationTag(session.self.incarnation) })
    this.forwarding = new Forwarding({ session, vehicles: this.vehicles, publisher: this.publisher })
  }

  static async begin(): Promise<FakeNeighbours> {
    return new FakeNeighbours(await FakeSession.found())
  }

  get clock() {
    return this.fake.clock
  }

  get dropped() {
    return this.fake.dropped
  }

  /** Admits a member that drives, linked with the host. */
  async member(): Promise<FakeMember> {
    const made = await this.fake.member()
    this.vehicles.setMember(made.member.id, incarnationTag(made.member.incarnation))
    return made
  }

  /** Lets a member say something about forwarding. */
  say(from: FakeMember, message: ForwardMessage): void {
    this.fake.say(from, forwardChannel, encodeMessage(forwardMessageSchema, message, forwardMessageBytes))
  }

  /** What was said to a member since the last time. */
  heard(member: FakeMember): ForwardMessage[] {
    return this.fake
      .heard(member)
      .map((body) => decodeMessage(forwardMessageSchema, body, forwardMessageBytes))
  }

  /** Lets a vehicle of a member arrive on its own link. */
  drive({ member }: FakeMember, state: VehicleState): void {
    const now = this.clock.now()
    const link = new VehiclesLink(incarnationTag(member.incarnation))
    const { codes, ticks } = knownOf(state, now * 4)
    this.vehicles.receive(member.id, link.send([{ index: 0, codes, ticks }], ticks), now, now, 0)
  }

  /** A digest that a member signs. */
  async digest(
    signer: FakeMember,
    about: PublishedSamples,
    changes: { body?: Record<string, unknown>; content?: Partial<EnvelopeContent> } = {},
  ): Promise<ForwardMessage> {
    const { clock, session, random } = this.fake
    const body = new Encoder().encode({
      sessionId: session.record.sessionId,
      incarnation: signer.member.incarnation,
      ...about,
      ...changes.body,
    })
    const content = { purpose: 'digest', body, lifetimeMs: 60_000, ...changes.content } as const
    return { type: 'digest', envelope: await signEnvelope(signer.identity, content, { clock, random }) }
  }

  /** The hash of a sample that was taken now. */
  hashOf(state: VehicleState): Uint8Array {
    const bytes = new Uint8Array(maxCanonicalBytes)
    const bits = writeCanonical(bytes, this.clock.now() * 4, knownOf(state).codes)
    return hashOfSample(bytes.subarray(0, (bits + 7) >>> 3))
  }

  async close(): Promise<void> {
    this.forwarding.close()
    this.publisher.close()
    await this.fake.close()
  }
}
