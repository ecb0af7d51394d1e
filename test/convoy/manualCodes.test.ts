import { afterEach, describe, expect, it } from 'vitest'
import { hostConvoy, joinConvoy } from '../../lib/convoy/index.ts'
import type { Convoy, HostOptions, JoinOptions } from '../../lib/convoy/index.ts'
import { createSystemClock } from '../../lib/core/index.ts'
import { createIdentity } from '../../lib/identity/index.ts'
import { decodeCode, encodeCode, manualCodes, type ManualCodes } from '../../lib/rendezvous/index.ts'

import { createConnector, loadEngine } from '../../lib/rtc/index.ts'
import { isFullyConnected } from '../support/simulatedWorld.ts'
import { until } from './support/until.ts'

/**
 * Joiners run werift: node-datachannel checks the certificate of the other side a moment before it knows its fingerprint, where an
 * answer finds a connection that is there already, as on one machine (1 in 100, measured).
 */
const connector = createConnector(await loadEngine('werift'))

const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close()
})

function codesFor(): ManualCodes {
  const codes = manualCodes()
  closing.push(codes)
  return codes
}

/** A convoy that takes joiners by codes only. */
async function hosted(options: Partial<HostOptions> = {}): Promise<{ codes: ManualCodes; convoy: Convoy }> {
  const codes = codesFor()
  const convoy = await hostConvoy({ name: 'Anna', rendezvous: codes, ...options })
  closing.push(convoy)
  return { codes, convoy }
}

/** Joins as a person does: takes the call, hands out the offer, takes the answer. */
async function offered(call: string, options: Partial<JoinOptions> = {}) {
  const codes = codesFor()
  const taken = await codes.take(call)
  if (taken.kind !== 'call') throw new Error('A call is what a host posts.')
  const offer = new Promise<string>((resolve) => codes.on('code', ({ text }) => resolve(text)))
  const joining = joinConvoy(taken.invite, { name: 'Ben', rendezvous: codes, connector, ...options })
  joining.then(
    (convoy) => closing.push(convoy),
    () => {},
  )
  return { codes, joining, offer: await offer }
}

async function answerTo(host: ManualCodes, offer: string): Promise<string> {
  const taken = await host.take(offer)
  if (taken.kind !== 'offer') throw new Error('An offer is what a joiner sends.')
  return taken.answer
}

/** As a chat shows it to who copies it: quoted, wrapped, with words around. */
function throughChat(code: string): string {
  const wrapped = code.replace(/.{61}/g, '$&\n> ')
  return `[20:14] Ben: here “${wrapped}” – got it?\u200b`
}

describe('manual codes', () => {
  it('[MAN-1] bring a joiner in by one call, one offer and one answer, which chats may mangle', async () => {
    const { codes: host, convoy } = await hosted({ password: 'diesel' })
    const call = await host.call(convoy.invite)
    const { codes, joining, offer } = await offered(throughChat(call), { password: 'diesel' })
    const answer = await answerTo(host, throughChat(offer))
    expect(await codes.take(throughChat(answer))).toEqual({ kind: 'answer' })
    const joined = await joining
    expect(joined.members.map(({ name }) => name)).toEqual(['Anna', 'Ben'])
    // [MAN-10]: Discord's 2,000 characters, with words around.
    for (const code of [call, offer, answer]) expect(code.length).toBeLessThan(1_700)
  })

  it('[MAN-1] bring in several by one call; they are linked with each other', async () => {
    const { codes: host, convoy } = await hosted()
    const call = await host.call(convoy.invite)
    const joined: Convoy[] = []
    for (const name of ['Ben', 'Cem']) {
      const { codes, joining, offer } = await offered(call, { name })
      await codes.take(await answerTo(host, offer))
      joined.push(await joining)
    }
    await until(() => joined.every((each) => isFullyConnected(each, 3)))
  })

  it('[MAN-8] carry the refusal of the host as an answer', async () => {
    const { codes: host, convoy } = await hosted({ password: 'diesel' })
    const call = await host.call(convoy.invite)
    const { codes, joining, offer } = await offered(call, { password: 'petrol' })
    await codes.take(await answerTo(host, offer))
    await expect(joining).rejects.toMatchObject({ code: 'password-wrong' })
    expect(convoy.members).toHaveLength(1)
  })

  it('[MAN-9] say what is wrong with a code that is used, foreign, one’s own, or the wrong way round', async () => {
    const { codes: host, convoy } = await hosted()
    const other = await hosted({ name: 'Olga' })
    const call = await host.call(convoy.invite)
    const { codes, joining, offer } = await offered(call)
    const refused = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => expect.unreachable('it should have been refused'),
        (error: unknown) => error,
      )
    expect(await refused(codes.take(offer))).toMatchObject({ code: 'code-foreign' })
    expect(await refused(other.codes.take(offer))).toMatchObject({ code: 'code-foreign' })
    const answer = await answerTo(host, offer)
    expect(await refused(host.take(offer))).toMatchObject({ code: 'code-used', details: { answer } })
    expect(await refused(host.take(answer))).toMatchObject({ code: 'code-foreign' })
    expect(await refused(codesFor().take(answer))).toMatchObject({ code: 'code-foreign' })
    await codes.take(answer)
    expect(await refused(codes.take(answer))).toMatchObject({ code: 'code-used' })
    await joining
    expect(await refused(codes.take(answer))).toMatchObject({ code: 'code-used' })
    expect(await refused(other.codes.call(convoy.invite))).toMatchObject({ code: 'session-not-found' })
  })

  it('[MAN-7] are sealed to the host, whose own keys alone open an offer', async () => {
    const identity = createIdentity()
    const { codes: host, convoy } = await hosted({ identity })
    const { joining, offer } = await offered(await host.call(convoy.invite), {
      signal: AbortSignal.timeout(1_500),
    })
    // Somebody changes what is sealed, and makes the checksum fit.
    const { kind, body } = decodeCode(offer)
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1
    await expect(host.take(encodeCode({ kind, body }))).rejects.toMatchObject({ code: 'code-foreign' })
    await expect(joining).rejects.toMatchObject({ code: 'aborted' })
    expect(convoy.members).toHaveLength(1)
  })

  it('[MAN-9] are too old once nobody carried them in time', async () => {
    const wall = createSystemClock()
    const yesterday = { ...wall, wallTime: () => wall.wallTime() - 24 * 3_600_000 }
    const codes = manualCodes({ clock: yesterday })
    closing.push(codes)
    const convoy = await hostConvoy({
      name: 'Anna',
      rendezvous: codes,
      clock: yesterday,
      watchNetwork: false,
    })
    closing.push(convoy)
    await expect(codesFor().take(await codes.call(convoy.invite))).rejects.toMatchObject({
      code: 'code-expired',
    })
  })

  it('[MAN-9] of an offer that was given up find nobody waiting', async () => {
    const { codes: host, convoy } = await hosted()
    const giveUp = new AbortController()
    const { codes, joining, offer } = await offered(await host.call(convoy.invite), { signal: giveUp.signal })
    const over = new Promise<string>((resolve) => codes.on('over', ({ text }) => resolve(text)))
    const answer = await answerTo(host, offer)
    giveUp.abort()
    await expect(joining).rejects.toMatchObject({ code: 'aborted' })
    expect(await over).toBe(offer)
    await expect(codes.take(answer)).rejects.toMatchObject({ code: 'code-expired' })
  })

  it('[MAN-11] ask nobody unasked: without a call there is no way', async () => {
    const { convoy } = await hosted()
    const joining = joinConvoy(convoy.invite, { name: 'Ben', rendezvous: codesFor() })
    await expect(joining).rejects.toMatchObject({ code: 'session-not-found' })
  })
})
