import { beforeEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../lib/core/index.ts'
import { openVote, verifySync, witnessSecretHash, type Vote } from '../../lib/identity/index.ts'
import type { Rendezvous, Witness } from '../../lib/rendezvous/index.ts'
import type { RendezvousSubject } from './rendezvous.ts'

/** What the suite of the rendezvous lends. */
interface WitnessBench {
  readonly subject: RendezvousSubject
  readonly rendezvous: () => Rendezvous
  readonly rejection: (work: Promise<unknown>) => Promise<unknown>
}

/** What every rendezvous promises that votes where there are two voters. */
export function describeWitness(bench: () => WitnessBench): void {
  describe('witnessing', () => {
    const sessionId = systemRandom.bytes(16)
    let config: Uint8Array
    let secrets: [Uint8Array, Uint8Array]

    const complete = <T>(work: Promise<T>): Promise<T> => bench().subject.complete(work)
    const witness = async (at = bench().rendezvous()): Promise<Witness> =>
      (await complete(at.witness?.() ?? Promise.resolve(undefined)))!
    const refusal = async (work: Promise<unknown>): Promise<unknown> =>
      ((await bench().rejection(work)) as { code: string }).code
    const register = async (at: Witness, secretHashes = secrets.map(witnessSecretHash)): Promise<void> =>
      complete(at.register({ sessionId, config, secretHashes }))
    const vote = (changes: Partial<Vote> = {}): Vote => ({
      sessionId,
      epoch: 1,
      number: 12,
      previous: new Uint8Array(32).fill(4),
      candidate: new Uint8Array(32).fill(9),
      ...changes,
    })

    beforeEach(() => {
      config = systemRandom.bytes(32)
      secrets = [systemRandom.bytes(32), systemRandom.bytes(32)]
    })

    it('[WIT-1] tells every client the same key and boot id', async () => {
      const [one, other] = [await witness(), await witness()]
      expect({ key: one.key, boot: one.boot }).toEqual({ key: other.key, boot: other.boot })
      expect([one.key.length, one.boot.length]).toEqual([32, 16])
    })

    it('[WIT-4] signs the vote that a voter asks for with its own key', async () => {
      const host = await witness()
      await register(host)
      const survivor = await witness()
      const bytes = await complete(survivor.grant({ config, secret: secrets[1], vote: vote() }))
      const opened = await openVote({ clock: bench().subject.clock, verify: verifySync }, bytes)
      expect(opened).toEqual({ voter: host.key, vote: vote() })
    })

    it('[WIT-5] grants once: the same again to the same request, and nothing else to anybody', async () => {
      const at = await witness()
      await register(at)
      const bytes = await complete(at.grant({ config, secret: secrets[0], vote: vote() }))
      const again = await witness()
      expect(await complete(again.grant({ config, secret: secrets[0], vote: vote() }))).toEqual(bytes)
      const others = [
        { config, secret: secrets[1], vote: vote({ candidate: new Uint8Array(32).fill(1) }) },
        { config, secret: secrets[1], vote: vote() },
        { config, secret: secrets[0], vote: vote({ epoch: 2 }) },
        { config, secret: secrets[0], vote: vote({ number: 13 }) },
        { config, secret: secrets[0], vote: vote({ previous: new Uint8Array(32) }) },
      ]
      for (const request of others) expect(await refusal(again.grant(request))).toBe('not-permitted')
      // Nor once it was registered again.
      await register(at)
      expect(await refusal(at.grant(others[0]!))).toBe('not-permitted')
      expect(await complete(at.grant({ config, secret: secrets[0], vote: vote() }))).toEqual(bytes)
    })

    it('[WIT-5] grants one of two that ask at the same time', async () => {
      const at = await witness()
      await register(at)
      const asking = [
        at.grant({ config, secret: secrets[0], vote: vote() }),
        at.grant({ config, secret: secrets[1], vote: vote({ candidate: new Uint8Array(32).fill(1) }) }),
      ]
      const outcomes = await complete(Promise.allSettled(asking))
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    })

    it('[WIT-4] grants nothing for a wrong secret, another session, or voters that it was not told of', async () => {
      const at = await witness()
      await register(at)
      const wrong = systemRandom.bytes(32)
      expect(await refusal(at.grant({ config, secret: wrong, vote: vote() }))).toBe('message-unauthentic')
      const hash = witnessSecretHash(secrets[0])
      expect(await refusal(at.grant({ config, secret: hash, vote: vote() }))).toBe('message-unauthentic')
      const elsewhere = vote({ sessionId: new Uint8Array(16) })
      expect(await refusal(at.grant({ config, secret: secrets[0], vote: elsewhere }))).toBe(
        'message-unauthentic',
      )
      expect(await refusal(at.grant({ config: wrong, secret: secrets[0], vote: vote() }))).toBe(
        'session-not-found',
      )
      // None of that used it up.
      await complete(at.grant({ config, secret: secrets[0], vote: vote() }))
    })

    it('[WIT-3] has the secrets that it was told first', async () => {
      const at = await witness()
      await register(at)
      await register(at)
      const mine = [witnessSecretHash(systemRandom.bytes(32)), witnessSecretHash(secrets[1])]
      expect(await refusal(at.register({ sessionId, config, secretHashes: mine }))).toBe('not-permitted')
      const one = [witnessSecretHash(secrets[0])]
      expect(await refusal(at.register({ sessionId, config, secretHashes: one }))).toBe('not-permitted')
    })

    it('[WIT-6] is another one after a restart, which grants nothing for what the former was told', async () => {
      const { subject, rendezvous } = bench()
      const at = rendezvous()
      const former = await witness(at)
      await register(former)
      await subject.goDown()
      await subject.comeBack()
      expect(await refusal(former.grant({ config, secret: secrets[0], vote: vote() }))).toMatch(
        /session-not-found|rendezvous-unreachable/,
      )
      const later = await witness()
      expect(later.key).not.toEqual(former.key)
      expect(later.boot).not.toEqual(former.boot)
      expect(await refusal(later.grant({ config, secret: secrets[0], vote: vote() }))).toBe(
        'session-not-found',
      )
    })
  })
}
