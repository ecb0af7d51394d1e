import assert from 'node:assert/strict'
import { Counters, silentLogger, sleep, systemRandom } from '../../../lib/core/index.ts'
import {
  createIdentity,
  sealMessage,
  signEnvelope,
  VerificationBudget,
  type EnvelopePurpose,
  type Identity,
} from '../../../lib/identity/index.ts'
import { decodeInvite, hostConvoy } from '../../../lib/index.ts'
import { createMemoryRendezvousHub, type Route } from '../../../lib/rendezvous/index.ts'
import { createConnector, loadEngine } from '../../../lib/rtc/index.ts'
import { peerVerifications } from '../../../lib/session/constants.ts'
import { PeerDialer } from '../../../lib/session/peerDialer.ts'
import type { RecordMember } from '../../../lib/session/recordState.ts'
import type { HostileCase, NodeEngine } from '../hostileCase.ts'
import { watchEventLoop, type LoopLag } from '../support/eventLoop.ts'
import { clock } from '../support/linkPair.ts'

/** Messages a second with signatures that don't fit, in portions of a hundredth, for this long. */
const perSecond = 1_000
const attackMs = 4_000
const portionEveryMs = 10

/** What the game loop around us can bear. */
const lagP99Ms = 20

/** Different messages: made beforehand, since sealing is dear as well, and repeated, which makes none of them cheaper. */
const distinctMessages = 40

/** Bogus messages on routes of the rendezvous, a new one whenever the host hangs up. */
export const bogusKnocks = (engine: NodeEngine): HostileCase => ({
  name: `${perSecond} bogus signatures a second at the knock`,
  engine,
  expected: `opened within the budget for strangers, the rest counted; event loop late by less than ${lagP99Ms} ms (p99)`,
  quick: false,
  async run() {
    const hub = createMemoryRendezvousHub({ clock, random: systemRandom })
    const identity = createIdentity()
    const convoy = await hostConvoy({
      name: 'Anna',
      identity,
      rendezvous: hub.rendezvous(),
      connector: createConnector(await loadEngine(engine)),
    })
    const messages = await bogusMessages(identity, createIdentity(), 'knock')
    const { sessionId } = decodeInvite(convoy.invite)
    const attacker = hub.rendezvous()
    const routes: Route[] = []
    const opening = clock.every(portionEveryMs, () => {
      if (routes.length >= 8) return
      attacker.reach(sessionId).then(
        ({ route }) => {
          routes.push(route)
          route.on('closed', () => routes.splice(routes.indexOf(route), 1))
        },
        () => undefined,
      )
    })
    await sleep(clock, 200)
    let next = 0
    const lag = await attack(
      (message) => routes[next++ % Math.max(1, routes.length)]?.send(message),
      messages,
    )
    opening()
    const { dropped } = convoy.stats()
    await convoy.close()
    await hub.close()
    const { 'knock-message-unauthentic': verified = 0, 'knock-rate-limited': limited = 0 } = dropped
    assert(verified > 0 && limited > 0, `The attack didn't come through: ${JSON.stringify(dropped)}.`)
    return judge(lag, { verified, limited })
  },
})

/** Bogus signals of one member through the relay of the host. */
export const bogusSignals = (engine: NodeEngine): HostileCase => ({
  name: `${perSecond} bogus signatures a second on signals of a member`,
  engine,
  expected: `verified within the budget of a member, the rest counted; event loop late by less than ${lagP99Ms} ms (p99)`,
  quick: false,
  async run() {
    const [own, other] = [createIdentity(), createIdentity()]
    const dropped = new Counters()
    const [self, peer] = [memberOf(own, 2), memberOf(other, 1)]
    const dialer = new PeerDialer({
      environment: {
        clock,
        random: systemRandom,
        logger: silentLogger,
        identity: own,
        dropped,
        connect: () => new Promise(() => undefined),
      },
      verifications: new VerificationBudget({ clock, ...peerVerifications }),
      self: () => self,
      member: () => peer,
      relay: () => undefined,
      connected: () => undefined,
      isHost: () => false,
      isUrgent: () => false,
    })
    const messages = await bogusMessages(own, other, 'signal')
    const lag = await attack((message) => dialer.receive(peer, message), messages)
    dialer.close()
    const verified = dropped.get('signal-message-unauthentic')
    const limited = dropped.get('signal-rate-limited') + dropped.get('signal-flood')
    assert(
      verified > 0 && limited > 0,
      `The attack didn't come through: ${JSON.stringify(dropped.snapshot())}.`,
    )
    return judge(lag, { verified, limited })
  },
})

function judge(lag: LoopLag, counted: Record<string, number>): Record<string, number> {
  assert(lag.p99Ms < lagP99Ms, `The event loop was late by ${lag.p99Ms.toFixed(1)} ms (p99).`)
  return { lagP99Ms: Number(lag.p99Ms.toFixed(1)), lagMaxMs: Math.round(lag.maxMs), ...counted }
}

async function attack(
  send: (message: Uint8Array) => void,
  messages: readonly Uint8Array[],
): Promise<LoopLag> {
  const startedAt = clock.now()
  const loop = watchEventLoop()
  let sent = 0
  for (let now = startedAt; now < startedAt + attackMs; now = clock.now()) {
    for (const due = ((now - startedAt) * perSecond) / 1_000; sent < due; sent++) {
      const message = messages[sent % messages.length]
      if (message !== undefined) send(message)
    }
    await sleep(clock, portionEveryMs)
  }
  return loop.stop()
}

/** Sealed as they should be, from `sender` to `receiver`, with signatures that nobody made. */
function bogusMessages(
  receiver: Identity,
  sender: Identity,
  purpose: EnvelopePurpose,
): Promise<Uint8Array[]> {
  const signer = { publicKey: sender.signKey, sign: () => systemRandom.bytes(64) }
  const forger = { signKey: sender.signKey, signer }
  return Promise.all(
    Array.from({ length: distinctMessages }, async () => {
      const content = {
        purpose,
        body: systemRandom.bytes(300),
        audience: receiver.signKey,
        lifetimeMs: 60_000,
      }
      const envelope = await signEnvelope(forger, content, { clock, random: systemRandom })
      return sealMessage(receiver.boxKey, envelope, systemRandom)
    }),
  )
}

function memberOf({ signKey, boxKey, fingerprint }: Identity, joinedAt: number): RecordMember {
  return {
    id: fingerprint,
    signKey,
    boxKey,
    incarnation: new Uint8Array(8).fill(joinedAt),
    slot: joinedAt,
    name: 'A member',
    vehicleClass: 'truck',
    joinedAt,
  }
}
