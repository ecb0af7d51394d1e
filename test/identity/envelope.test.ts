import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it, vi } from 'vitest'
import { concat, fromHex, seededRandom, toHex, utf8 } from '../../lib/core/index.ts'
import {
  clockSkewMs,
  createIdentity,
  envelopeOverheadOf,
  openEnvelope,
  peekEnvelope,
  ReplayGuard,
  signEnvelope,
  tweetnaclSigner,
  verifySync,
  type EnvelopePurpose,
  type OpenEnvelopeOptions,
} from '../../lib/identity/index.ts'
import {
  alice,
  bob,
  codeOf,
  mallory,
  stoppedClock,
  tampered,
  vectorRandom,
  vectorSeed,
  vectorTime,
} from './support.ts'

const purposes: EnvelopePurpose[] = [
  'announcement',
  'knock',
  'signal',
  'ticket',
  'entry',
  'grant',
  'digest',
  'report',
  'message',
  'vote',
  'request',
]
const random = seededRandom(1)
const clock = stoppedClock()
const body = utf8('hello')

/** [IDN-6] and [IDN-7] once more, from the text of the specification, with every field open to mischief. */
function handMade(changes: {
  version?: number
  purpose?: number
  signedAs?: string
  flag?: number
  audience?: Uint8Array
  issuedAt?: number
  expiresAt?: number
  nonce?: Uint8Array
}): Uint8Array {
  const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(vectorSeed)
  const u48 = (value: number) => fromHex(value.toString(16).padStart(12, '0'))
  const unsigned = concat(
    Uint8Array.of(changes.version ?? 1, changes.purpose ?? 2),
    publicKey,
    Uint8Array.of(changes.flag ?? (changes.audience === undefined ? 0 : 1)),
    changes.audience ?? new Uint8Array(0),
    changes.nonce ?? new Uint8Array(16).fill(7),
    u48(changes.issuedAt ?? vectorTime),
    u48(changes.expiresAt ?? vectorTime + 60_000),
    body,
  )
  const signed = concat(utf8(`openconvoy envelope 1 ${changes.signedAs ?? 'knock'}\0`), unsigned)
  return concat(unsigned, nacl.sign.detached(signed, secretKey))
}

const options: OpenEnvelopeOptions = { purpose: 'knock', clock, maxBytes: 1_000, audience: bob.signKey }

describe('[IDN-6] a signed envelope', () => {
  it('has the bytes of the test vector, and those that a second implementation lays out', async () => {
    const envelope = await signEnvelope(
      alice,
      { purpose: 'knock', body, lifetimeMs: 60_000 },
      { clock, random: vectorRandom },
    )
    expect(envelope).toEqual(handMade({}))
    expect(toHex(envelope)).toBe(
      '010203a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b80007070707070707070707070707070707019b76daa8' +
        '00019b76db926068656c6c6fc0c5e22bbc8984845fea956f293e462ea4b5d60e22f1c5b63089d9e472fc212ebd686143f7eff9e219edb9ff' +
        '723ce94a076587ef8b6f7b9ef3098efd5a4d7d0f',
    )
    const addressed = await signEnvelope(
      alice,
      { purpose: 'knock', body, audience: bob.signKey, lifetimeMs: 60_000 },
      { clock, random: vectorRandom },
    )
    expect(addressed).toEqual(handMade({ audience: bob.signKey }))
  })

  it.each(purposes.map((purpose, index) => [index + 1, purpose] as const))(
    '[IDN-7] has the code %i for %s',
    async (code, purpose) => {
      const context = { clock, random: vectorRandom }
      const envelope = await signEnvelope(alice, { purpose, body, lifetimeMs: 60_000 }, context)
      expect(envelope).toEqual(handMade({ purpose: code, signedAs: purpose }))
    },
  )

  it('comes out as it was put in, for any body, purpose, audience and lifetime', async () => {
    // Real signatures, but synchronous ones: many runs at little cost are the native test's business.
    const signer = tweetnaclSigner(vectorSeed)
    const identity = createIdentity({ seed: vectorSeed, signer })
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...purposes),
        fc.boolean(),
        fc.integer({ min: 1, max: 10 ** 12 }),
        async (anyBody, purpose, addressed, lifetimeMs) => {
          const audience = addressed ? bob.signKey : undefined
          const content = { purpose, body: anyBody, audience, lifetimeMs }
          const envelope = await signEnvelope(identity, content, { clock, random })
          expect(envelope.length).toBe(anyBody.length + envelopeOverheadOf(content))
          const opened = await openEnvelope(envelope, { ...options, purpose, verify: verifySync })
          expect(opened.signKey).toEqual(identity.signKey)
          expect(opened.body).toEqual(anyBody)
          expect(opened.nonce).toHaveLength(16)
          expect(opened.issuedAt).toBe(vectorTime)
          expect(opened.expiresAt).toBe(vectorTime + lifetimeMs)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('has another nonce each time', async () => {
    const content = { purpose: 'knock', body, lifetimeMs: 1_000 } as const
    const first = await signEnvelope(alice, content, { clock, random })
    expect(await signEnvelope(alice, content, { clock, random })).not.toEqual(first)
  })

  it.each([0, -1, NaN, Infinity])('is not signed with a lifetime of %d ms', async (lifetimeMs) => {
    const content = { purpose: 'knock', body, lifetimeMs } as const
    expect(await codeOf(() => signEnvelope(alice, content, { clock, random }))).toBe('invalid-argument')
  })

  it('is not signed for an audience that is no key', async () => {
    const content = { purpose: 'knock', body, lifetimeMs: 1_000, audience: new Uint8Array(31) } as const
    expect(await codeOf(() => signEnvelope(alice, content, { clock, random }))).toBe('invalid-argument')
  })

  it('is refused with any one of its bytes changed, and with any one missing or added', async () => {
    const envelope = handMade({ audience: bob.signKey })
    expect(await codeOf(() => openEnvelope(envelope, options))).toBe('none')
    for (const changed of tampered(envelope)) {
      expect(await codeOf(() => openEnvelope(changed, options))).not.toBe('none')
    }
    for (let length = 0; length < envelope.length; length++) {
      expect(await codeOf(() => openEnvelope(envelope.subarray(0, length), options))).not.toBe('none')
      expect(await codeOf(() => openEnvelope(envelope.subarray(length + 1), options))).not.toBe('none')
    }
    expect(await codeOf(() => openEnvelope(concat(envelope, body), options))).toBe('message-unauthentic')
  })

  it('is refused, never a crash, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (noise, looksRight) => {
        const bytes = looksRight ? concat(Uint8Array.of(1, 2), noise) : noise
        expect(await codeOf(() => openEnvelope(bytes, options))).not.toBe('none')
        peekEnvelope(bytes)
      }),
      { numRuns: 300 },
    )
  })

  it('is checked as it was when it arrived, even where the buffer is used again meanwhile', async () => {
    const buffer = Buffer.from(handMade({}))
    const opening = openEnvelope(buffer, options)
    buffer.fill(0)
    expect((await opening).body).toEqual(body)
  })
})

describe('[IDN-8] opening an envelope', () => {
  const refusals: [string, string, Uint8Array, Partial<OpenEnvelopeOptions>][] = [
    ['message-too-large', 'larger than allowed', handMade({}), { maxBytes: 131 }],
    ['protocol-version', 'of a later version', handMade({ version: 2 }), {}],
    ['protocol-version', 'of version 0', handMade({ version: 0 }), {}],
    ['message-malformed', 'empty', new Uint8Array(0), {}],
    ['message-malformed', 'of an unknown purpose', handMade({ purpose: 200 }), {}],
    ['message-malformed', 'of purpose 0', handMade({ purpose: 0 }), {}],
    ['message-malformed', 'with an unknown flag', handMade({ flag: 2 }), {}],
    ['message-malformed', 'that expires when it is issued', handMade({ expiresAt: vectorTime }), {}],
    ['message-misaddressed', 'of another purpose', handMade({ purpose: 4, signedAs: 'ticket' }), {}],
    ['message-misaddressed', 'for somebody else', handMade({ audience: mallory.signKey }), {}],
    [
      'message-misaddressed',
      'for somebody, opened as nobody',
      handMade({ audience: bob.signKey }),
      { audience: undefined },
    ],
    [
      'message-misaddressed',
      'for anybody, where an audience is required',
      handMade({}),
      { requireAudience: true },
    ],
    ['message-unauthentic', 'of another signer than expected', handMade({}), { signer: bob.signKey }],
    ['message-unauthentic', 'signed for another purpose than it says', handMade({ signedAs: 'ticket' }), {}],
  ]

  it.each(refusals)('refuses as %s one %s', async (code, _, envelope, changes) => {
    expect(await codeOf(() => openEnvelope(envelope, { ...options, ...changes }))).toBe(code)
  })

  it('refuses one that is signed with another key than it says', async () => {
    const posing = { signKey: alice.signKey, signer: mallory.signer }
    const envelope = await signEnvelope(
      posing,
      { purpose: 'knock', body, lifetimeMs: 1_000 },
      { clock, random },
    )
    expect(await codeOf(() => openEnvelope(envelope, options))).toBe('message-unauthentic')
  })

  it('accepts the expected signer, and an audience that is required and right', async () => {
    const changes = { signer: alice.signKey, requireAudience: true }
    const envelope = handMade({ audience: bob.signKey })
    expect(await codeOf(() => openEnvelope(envelope, { ...options, ...changes }))).toBe('none')
  })

  it('checks from cheap to dear: each fault hides those after it, and the signature comes last', async () => {
    const replays = new ReplayGuard()
    const verify = vi.fn(() => false)
    const late = stoppedClock(vectorTime + 60_000 + clockSkewMs)
    replays.remember(alice.signKey, new Uint8Array(16).fill(7), vectorTime + 60_000, vectorTime)
    const faulty = {
      ...options,
      verify,
      replays,
      clock: late,
      maxBytes: 10,
      signer: bob.signKey,
      audience: mallory.signKey,
    }
    const everything = { version: 2, purpose: 200, audience: bob.signKey }
    const order: string[] = []
    const note = async (envelope: Uint8Array, with_: OpenEnvelopeOptions) =>
      order.push(await codeOf(() => openEnvelope(envelope, with_)))

    await note(handMade(everything), faulty)
    await note(handMade(everything), { ...faulty, maxBytes: 1_000 })
    await note(handMade({ ...everything, version: 1 }), { ...faulty, maxBytes: 1_000 })
    const addressed = { ...faulty, maxBytes: 1_000 }
    await note(handMade({ purpose: 4, audience: bob.signKey }), addressed)
    await note(handMade({ audience: bob.signKey }), addressed)
    await note(handMade({}), addressed)
    await note(handMade({}), { ...addressed, signer: alice.signKey })
    await note(handMade({}), { ...addressed, signer: alice.signKey, clock })
    expect(verify).not.toHaveBeenCalled()
    await note(handMade({}), { ...addressed, signer: alice.signKey, clock, replays: new ReplayGuard() })
    expect(verify).toHaveBeenCalledOnce()
    expect(order).toEqual([
      'message-too-large',
      'protocol-version',
      'message-malformed',
      'message-misaddressed',
      'message-misaddressed',
      'message-unauthentic',
      'message-expired',
      'message-replayed',
      'message-unauthentic',
    ])
  })

  it('says what to do about a clock that is off and a version that differs', async () => {
    await expect(openEnvelope(handMade({ version: 2 }), options)).rejects.toThrow(/same version/)
    const late = { ...options, clock: stoppedClock(vectorTime + 10 ** 9) }
    await expect(openEnvelope(handMade({}), late)).rejects.toThrow(/clock/)
  })
})

describe('[IDN-9] the time of an envelope', () => {
  const envelope = handMade({})
  const openAt = (wallTime: number) =>
    codeOf(() => openEnvelope(envelope, { ...options, clock: stoppedClock(wallTime) }))

  it('is over ten minutes after it expired, not before', async () => {
    expect(await openAt(vectorTime + 60_000 + 10 * 60_000 - 1)).toBe('none')
    expect(await openAt(vectorTime + 60_000 + 10 * 60_000)).toBe('message-expired')
  })

  it('has come when the issue is at most ten minutes in the future', async () => {
    expect(await openAt(vectorTime - 10 * 60_000)).toBe('none')
    expect(await openAt(vectorTime - 10 * 60_000 - 1)).toBe('message-expired')
  })
})

describe('[IDN-10] replays', () => {
  it('are refused: an envelope is opened once', async () => {
    const guarded = { ...options, replays: new ReplayGuard() }
    expect(await codeOf(() => openEnvelope(handMade({}), guarded))).toBe('none')
    expect(await codeOf(() => openEnvelope(handMade({}), guarded))).toBe('message-replayed')
    expect(await codeOf(() => openEnvelope(handMade({ nonce: new Uint8Array(16) }), guarded))).toBe('none')
  })

  it('are refused when both arrive at the same time', async () => {
    const guarded = { ...options, replays: new ReplayGuard() }
    const open = () => codeOf(() => openEnvelope(handMade({}), guarded))
    expect((await Promise.all([open(), open(), open()])).sort()).toEqual([
      'message-replayed',
      'message-replayed',
      'none',
    ])
  })

  it('don’t count before the signature was verified: a forgery uses up no nonce', async () => {
    const guarded = { ...options, replays: new ReplayGuard() }
    const forged = handMade({})
    forged[forged.length - 1]! ^= 1
    expect(await codeOf(() => openEnvelope(forged, guarded))).toBe('message-unauthentic')
    expect(guarded.replays.size).toBe(0)
    expect(await codeOf(() => openEnvelope(handMade({}), guarded))).toBe('none')
  })

  it('don’t count while the verification throws either', async () => {
    const guarded = { ...options, replays: new ReplayGuard() }
    const verify = () => Promise.reject(new Error('the key store is locked'))
    await expect(openEnvelope(handMade({}), { ...guarded, verify })).rejects.toThrow('locked')
    expect(guarded.replays.size).toBe(0)
  })

  it('are remembered for as long as the envelope would be accepted by a clock that is off', async () => {
    const replays = new ReplayGuard()
    const openAt = (wallTime: number) =>
      codeOf(() => openEnvelope(handMade({}), { ...options, replays, clock: stoppedClock(wallTime) }))
    expect(await openAt(vectorTime)).toBe('none')
    // Something else is accepted meanwhile, which is when the guard forgets what has expired.
    const lastMoment = vectorTime + 60_000 + clockSkewMs - 1
    replays.remember(bob.signKey, new Uint8Array(16), lastMoment + 1, lastMoment)
    expect(await openAt(lastMoment)).toBe('message-replayed')
    expect(await openAt(lastMoment + 1)).toBe('message-expired')
  })
})

describe('peekEnvelope', () => {
  it('tells who says to have signed, for what and when, whether it is true or not', () => {
    const forged = handMade({ audience: bob.signKey })
    forged[forged.length - 1]! ^= 1
    expect(peekEnvelope(forged)).toEqual({
      signKey: alice.signKey,
      purpose: 'knock',
      issuedAt: vectorTime,
    })
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['another version', handMade({ version: 2 })],
    ['an unknown purpose', handMade({ purpose: 200 })],
    ['one byte too few', handMade({}).subarray(0, 126)],
    ['one byte too few for its audience', handMade({ audience: bob.signKey }).subarray(0, 158)],
  ])('tells nothing of %s', (_, bytes) => {
    expect(peekEnvelope(bytes)).toBeUndefined()
  })
})
