import { encode } from '@msgpack/msgpack'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { seededRandom, toHex } from '../../lib/core/index.ts'
import {
  announcementBytes,
  clockSkewMs,
  deriveSessionId,
  fingerprintBytes,
  openAnnouncement,
  signAnnouncement,
  signEnvelope,
  type AnnouncementBody,
  type Identity,
  type Listing,
} from '../../lib/identity/index.ts'
import { alice, bob, codeOf, mallory, stoppedClock, tampered, vectorTime } from './support.ts'

const clock = stoppedClock()
const context = { clock, random: seededRandom(3), lifetimeMs: 60_000 }
const founderNonce = new Uint8Array(16).fill(7)

const listing: Listing = {
  lobbyName: 'Calais – Berlin',
  description: 'Max. 80 km/h, please',
  game: { name: 'ets2', version: '1.59.1.3' },
  players: 3,
  maxPlayers: 8,
  passwordRequired: true,
  vehicleClasses: ['truck'],
}

function bodyOf(founder: Identity, changes: Partial<AnnouncementBody> = {}): AnnouncementBody {
  return {
    sessionId: deriveSessionId(founder.signKey, founderNonce),
    founderKey: founder.signKey,
    founderNonce,
    boxKey: founder.boxKey,
    listing,
    ...changes,
  }
}

/** Signs whatever is handed in, as a hostile host would. */
function signAnything(signer: Identity, body: unknown): Promise<Uint8Array> {
  return signEnvelope(signer, { purpose: 'announcement', body: encode(body), lifetimeMs: 60_000 }, context)
}

describe('[SES-1] a session id', () => {
  it('is a hash of the founder’s sign key and nonce', () => {
    const digest = createHash('sha512')
      .update('openconvoy session 1\0')
      .update(alice.signKey)
      .update(founderNonce)
    const id = deriveSessionId(alice.signKey, founderNonce)
    expect(toHex(id)).toBe(digest.digest('hex').slice(0, 32))
    expect(toHex(id)).toBe('e88a7a5637a223f36e613dccdbd7e89b')
  })

  it('is another one for another founder or nonce', () => {
    const id = toHex(deriveSessionId(alice.signKey, founderNonce))
    expect(toHex(deriveSessionId(bob.signKey, founderNonce))).not.toBe(id)
    expect(toHex(deriveSessionId(alice.signKey, new Uint8Array(16)))).not.toBe(id)
  })
})

describe('[IDN-14] an announcement', () => {
  it.each([
    ['with a listing', listing],
    ['without a game', { ...listing, game: null }],
    ['off the list', null],
  ])('opens as it was signed, %s, and names its host', async (_, anyListing) => {
    const envelope = await signAnnouncement(alice, bodyOf(alice, { listing: anyListing }), context)
    const opened = await openAnnouncement(envelope, { clock })
    expect(opened).toEqual({
      ...bodyOf(alice, { listing: anyListing }),
      host: { signKey: alice.signKey, boxKey: alice.boxKey },
      founder: { signKey: alice.signKey, boxKey: alice.boxKey },
      epoch: 0,
      isMeeting: false,
      issuedAt: vectorTime,
      expiresAt: vectorTime + 60_000,
    })
  })

  it('fits its limit with every text at its longest, in the widest characters', async () => {
    const widest = '鋼'
    const longest: Listing = {
      ...listing,
      lobbyName: widest.repeat(63),
      description: widest.repeat(63),
      game: { name: widest.repeat(32), version: widest.repeat(32) },
      vehicleClasses: Array.from({ length: 8 }, () => 'truck' as const),
    }
    const envelope = await signAnnouncement(alice, bodyOf(alice, { listing: longest }), context)
    expect(envelope.length).toBeLessThan(announcementBytes)
    expect((await openAnnouncement(envelope, { clock })).listing).toEqual(longest)
  })

  it('can be opened any number of times until it expires', async () => {
    const envelope = await signAnnouncement(alice, bodyOf(alice), context)
    const openAt = (wallTime: number) =>
      codeOf(() => openAnnouncement(envelope, { clock: stoppedClock(wallTime) }))
    expect(await openAt(vectorTime)).toBe('none')
    expect(await openAt(vectorTime)).toBe('none')
    expect(await openAt(vectorTime + 60_000 + clockSkewMs)).toBe('message-expired')
  })

  it.each([
    ['of another founder', bodyOf(bob, { boxKey: alice.boxKey })],
    ['with another box key than the signer’s', bodyOf(alice, { boxKey: bob.boxKey })],
    ['with a session id of its own choice', bodyOf(alice, { sessionId: new Uint8Array(16) })],
    ['with a name that is too long', bodyOf(alice, { listing: { ...listing, lobbyName: 'x'.repeat(64) } })],
    ['with a fraction of a player', bodyOf(alice, { listing: { ...listing, players: 1.5 } })],
  ])('is not signed %s', async (_, body) => {
    expect(await codeOf(() => signAnnouncement(alice, body, context))).toBe('invalid-argument')
  })
})

describe('[IDN-15] opening an announcement', () => {
  it('refuses it with any one of its bytes changed', async () => {
    const envelope = await signAnnouncement(alice, bodyOf(alice, { listing: null }), context)
    for (const changed of tampered(envelope)) {
      expect(await codeOf(() => openAnnouncement(changed, { clock }))).not.toBe('none')
    }
  })

  it('refuses somebody who announces the session of another, however it is put', async () => {
    const stolen = [
      bodyOf(alice, { boxKey: mallory.boxKey }),
      bodyOf(mallory, { sessionId: deriveSessionId(alice.signKey, founderNonce) }),
      bodyOf(mallory, { founderNonce: new Uint8Array(16) }),
    ]
    for (const body of stolen) {
      const envelope = await signAnything(mallory, body)
      expect(await codeOf(() => openAnnouncement(envelope, { clock }))).toBe('message-unauthentic')
    }
  })

  it.each([
    ['is no map', 7],
    ['lacks a key', { ...bodyOf(alice), boxKey: undefined }],
    ['has a key too many', { ...bodyOf(alice), extra: 1 }],
    ['has a short session id', { ...bodyOf(alice), sessionId: new Uint8Array(15) }],
    ['has text for bytes', { ...bodyOf(alice), founderNonce: 'nonce' }],
    [
      'lists a lobby name that poses as another',
      { ...bodyOf(alice), listing: { ...listing, lobbyName: 'a\u202eb' } },
    ],
    [
      'lists a description that is too long',
      { ...bodyOf(alice), listing: { ...listing, description: 'x'.repeat(64) } },
    ],
    ['lists players that are no number', { ...bodyOf(alice), listing: { ...listing, players: NaN } }],
    ['lists a negative number of players', { ...bodyOf(alice), listing: { ...listing, players: -1 } }],
    [
      'lists an unknown vehicle class',
      { ...bodyOf(alice), listing: { ...listing, vehicleClasses: ['tank'] } },
    ],
    ['lists a game without a version', { ...bodyOf(alice), listing: { ...listing, game: { name: 'ets2' } } }],
  ])('refuses, although signed, a body that %s', async (_, body) => {
    const envelope = await signAnything(alice, body)
    expect(await codeOf(() => openAnnouncement(envelope, { clock }))).toBe('message-malformed')
  })

  it('refuses one that is too large before anything else', async () => {
    const envelope = await signAnything(alice, { filler: 'x'.repeat(announcementBytes) })
    expect(await codeOf(() => openAnnouncement(envelope, { clock }))).toBe('message-too-large')
  })

  it('refuses an envelope of another purpose', async () => {
    const envelope = await signEnvelope(
      alice,
      { purpose: 'knock', body: encode(bodyOf(alice)), lifetimeMs: 60_000 },
      context,
    )
    expect(await codeOf(() => openAnnouncement(envelope, { clock }))).toBe('message-misaddressed')
  })

  it('holds it against what the joiner asked for: the session, and the host of the invite', async () => {
    const envelope = await signAnnouncement(alice, bodyOf(alice), context)
    const { sessionId } = bodyOf(alice)
    const expected = { clock, sessionId, hostFingerprint: fingerprintBytes(alice) }
    expect(await codeOf(() => openAnnouncement(envelope, expected))).toBe('none')
    const other = { ...expected, sessionId: new Uint8Array(16) }
    expect(await codeOf(() => openAnnouncement(envelope, other))).toBe('session-not-found')
    const foreign = { ...expected, hostFingerprint: fingerprintBytes(bob) }
    expect(await codeOf(() => openAnnouncement(envelope, foreign))).toBe('host-mismatch')
  })

  it('refuses a host that shows a box key which the invite’s fingerprint does not cover', async () => {
    const envelope = await signAnything(alice, bodyOf(alice, { boxKey: mallory.boxKey }))
    const options = { clock, hostFingerprint: fingerprintBytes(alice) }
    expect(await codeOf(() => openAnnouncement(envelope, options))).toBe('host-mismatch')
  })
})
