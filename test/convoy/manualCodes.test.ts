import { afterEach, describe, expect, it } from 'vitest'
import { hostConvoy, joinConvoy } from '../../lib/convoy/index.ts'
import type { Convoy, HostOptions, JoinOptions } from '../../lib/convoy/index.ts'
import { manualCodes, type ManualCodes } from '../../lib/rendezvous/index.ts'

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
  const joining = joinConvoy(taken.invite, { name: 'Ben', rendezvous: codes, ...options })
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

describe('manual codes', () => {
  it('[MAN-1] bring a joiner in by one call, one offer and one answer', async () => {
    const { codes: host, convoy } = await hosted({ password: 'diesel' })
    const call = await host.call(convoy.invite)
    const { codes, joining, offer } = await offered(call, { password: 'diesel' })
    const answer = await answerTo(host, offer)
    expect(await codes.take(answer)).toEqual({ kind: 'answer' })
    const joined = await joining
    expect(joined.members.map(({ name }) => name).sort()).toEqual(['Anna', 'Ben'])
    console.log(call.length, offer.length, answer.length)
  })
})
