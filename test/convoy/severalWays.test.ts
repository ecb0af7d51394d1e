import { afterEach, describe, expect, it } from 'vitest'
import {
  createConnector,
  hostConvoy,
  joinConvoy,
  loadEngine,
  manualCodes,
  type Convoy,
  type Rendezvous,
} from '../../lib/index.ts'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { onLoopback, ownPort, withoutLanHint } from '../rendezvous/lan/support.ts'
import { isFullyConnected } from '../support/simulatedWorld.ts'
import { until } from './support/until.ts'

const clock = createSystemClock()
/**
 * Joiners run werift: node-datachannel checks the certificate of the other side a moment before it knows its fingerprint, where an
 * answer finds a connection that is there already, as on one machine (1 in 100, measured).
 */
const connector = createConnector(await loadEngine('werift'))

const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close()
})

function keep<T extends { close(): Promise<void> }>(made: T): T {
  closing.push(made)
  return made
}

/** Somebody who pastes whatever the joiner shows to the host, and what the host says back. */
function courier(joiner: ReturnType<typeof manualCodes>, host: ReturnType<typeof manualCodes>): void {
  joiner.on('code', ({ text }) => {
    void host
      .take(text)
      .then((taken) => (taken.kind === 'offer' ? joiner.take(taken.answer) : undefined))
      .catch(() => {})
  })
}

describe('several ways at once', () => {
  it('[ADM-19] lead into one session: by a service, on the network, and by codes', async () => {
    const port = ownPort()
    const service = keep(await startSignaling({ clock, random: systemRandom }))
    const codes = keep(manualCodes())
    const lan = (): Rendezvous => keep(onLoopback(port, { reachMs: 3_000 }))
    const anna = keep(await hostConvoy({ name: 'Anna', rendezvous: [service.url, lan(), codes] }))
    const ben = keep(await joinConvoy(withoutLanHint(anna.invite), { name: 'Ben' }))
    // A service that dies is no event: the others lead there still.
    await service.close()
    const cem = keep(await joinConvoy(withoutLanHint(anna.invite), { name: 'Cem', rendezvous: lan() }))
    const own = keep(manualCodes())
    await own.take(await codes.call(anna.invite))
    courier(own, codes)
    const dora = keep(await joinConvoy(anna.invite, { name: 'Dora', rendezvous: own, connector }))
    const all: Convoy[] = [anna, ben, cem, dora]
    await until(() => all.every((convoy) => isFullyConnected(convoy, 4)))
    expect(all.map(({ members }) => members.map(({ name }) => name))).toEqual(
      all.map(() => ['Anna', 'Ben', 'Cem', 'Dora']),
    )
  })

  it('[ADM-19] give up the code that nobody needs once a service was faster', async () => {
    const service = keep(await startSignaling({ clock, random: systemRandom }))
    const codes = keep(manualCodes())
    const anna = keep(await hostConvoy({ name: 'Anna', rendezvous: [service.url, codes] }))
    const own = keep(manualCodes())
    await own.take(await codes.call(anna.invite))
    let left = 0
    anna.on('memberLeft', () => left++)
    const ben = keep(await joinConvoy(anna.invite, { name: 'Ben', rendezvous: own }))
    expect(ben.members).toHaveLength(2)
    await sleep(clock, 200)
    expect(left).toBe(0)
  })

  it('[ADM-19] fail at once where the host refuses on one of them', async () => {
    const service = keep(await startSignaling({ clock, random: systemRandom }))
    const codes = keep(manualCodes())
    const anna = keep(
      await hostConvoy({ name: 'Anna', rendezvous: [service.url, codes], password: 'diesel' }),
    )
    const own = keep(manualCodes())
    await own.take(await codes.call(anna.invite))
    const joining = joinConvoy(anna.invite, { name: 'Ben', rendezvous: own, password: 'petrol' })
    await expect(joining).rejects.toMatchObject({ code: 'password-wrong' })
  })
})
