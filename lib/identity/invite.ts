import { concat, ConvoyError, equalBytes, fromBase64Url, toBase64Url } from '../core/index.ts'
import {
  fingerprintLength,
  inviteChecksumBytes,
  inviteHints,
  inviteSecretBytes,
  inviteTextLength,
  sessionIdLength,
} from './constants.ts'
import { domainHash } from './hash.ts'
import { decodeHint, encodeHint } from './inviteHint.ts'

/** What a friend pastes, taken apart. */
export interface Invite {
  /** 16 bytes. */
  readonly sessionId: Uint8Array
  /** 16 bytes: that of the founder. Whoever answers must have its keys, or prove to have followed it as host. */
  readonly hostFingerprint: Uint8Array
  /** Where the host is announced, best first; at most 8 of at most 200 characters. */
  readonly hints: readonly string[]
  /** 16 bytes that only those who hold the invite know. */
  readonly secret?: Uint8Array
}

const scheme = 'openconvoy:'
const inviteVersion = 1
const secretFlag = 1

/**
 * The `openconvoy:` URI of an invite; the format is in docs/protocol/01-identity.md [IDN-17].
 * @throws ConvoyError `invalid-argument` when a part has the wrong length or a hint is none.
 */
export function encodeInvite(invite: Invite): string {
  requireLength('session id', invite.sessionId, sessionIdLength)
  requireLength('host fingerprint', invite.hostFingerprint, fingerprintLength)
  if (invite.secret !== undefined) requireLength('invite secret', invite.secret, inviteSecretBytes)
  if (invite.hints.length > inviteHints) {
    throw new ConvoyError('invalid-argument', `An invite holds at most ${inviteHints} hints.`)
  }
  const payload = concat(
    Uint8Array.of(inviteVersion, invite.secret === undefined ? 0 : secretFlag),
    invite.sessionId,
    invite.hostFingerprint,
    invite.secret ?? new Uint8Array(0),
    Uint8Array.of(invite.hints.length),
    ...invite.hints.map(encodeHint),
  )
  return scheme + toBase64Url(concat(payload, checksum(payload)))
}

/**
 * An https link that opens `pageUrl` with the invite. It is in the fragment, which browsers keep to
 * themselves: the page's server never sees it.
 * @param invite - an invite as {@link encodeInvite} gives it.
 * @throws ConvoyError `invalid-argument` when `pageUrl` is no http or https address, else as {@link decodeInvite}.
 */
export function inviteLink(invite: string, pageUrl: string): string {
  if (!URL.canParse(pageUrl) || !/^https?:$/.test(new URL(pageUrl).protocol)) {
    throw new ConvoyError('invalid-argument', 'The page of an invite link needs an https:// address.')
  }
  const page = new URL(pageUrl)
  decodeInvite(invite)
  page.hash = scheme + payloadText(invite)
  return page.href
}

/**
 * Reads an invite, as URI or as link. White space anywhere, and brackets or quotes around it, do no harm.
 * @throws ConvoyError `invite-malformed` when the text is no invite, `invite-mistyped` when the checksum does
 * not fit, `invite-version` when a newer version made it.
 */
export function decodeInvite(text: string): Invite {
  const bytes = decodeText(payloadText(text))
  const payload = bytes.subarray(0, Math.max(0, bytes.length - inviteChecksumBytes))
  if (payload.length === 0 || !equalBytes(bytes.subarray(payload.length), checksum(payload))) throw mistyped()
  const version = payload[0] ?? 0
  if (version > inviteVersion) {
    throw new ConvoyError(
      'invite-version',
      'A newer version of OpenConvoy made this invite: update this program.',
    )
  }
  const invite = version === inviteVersion ? parsePayload(payload) : undefined
  if (invite === undefined) throw malformed()
  return invite
}

/** What follows the scheme, from a URI or from the fragment of a link. */
function payloadText(text: string): string {
  if (text.length > inviteTextLength) throw malformed()
  // Chats wrap long lines, put links in brackets, and some escape the colon in a fragment.
  const bare = text
    .replace(/[\s\u200b-\u200d\u2060\ufeff]+/g, '')
    .replace(/^[<>()[\]"'`“”„‘’‚«»]+|[<>()[\]"'`“”„‘’‚«».,;!]+$/g, '')
  const uri = /^https?:/i.test(bare) ? bare.slice(bare.indexOf('#') + 1).replace(/%3a/i, ':') : bare
  if (uri.slice(0, scheme.length).toLowerCase() !== scheme) throw malformed()
  return uri.slice(scheme.length)
}

function decodeText(text: string): Uint8Array {
  try {
    return fromBase64Url(text)
  } catch {
    throw mistyped()
  }
}

function parsePayload(payload: Uint8Array): Invite | undefined {
  let offset = 1
  const take = (length: number): Uint8Array => payload.slice(offset, (offset += length))
  const takeByte = (): number => payload[offset++] ?? 0
  const flags = takeByte()
  if (flags > secretFlag) return undefined
  const sessionId = take(sessionIdLength)
  const hostFingerprint = take(fingerprintLength)
  const secret = flags === secretFlag ? take(inviteSecretBytes) : undefined
  const hintCount = takeByte()
  if (hintCount > inviteHints) return undefined
  const hints: string[] = []
  for (let index = 0; index < hintCount; index++) {
    const code = takeByte()
    const hint = decodeHint(code, take(takeByte()))
    if (hint !== undefined) hints.push(hint)
  }
  // Whatever is missing or left over shows in the end.
  if (offset !== payload.length) return undefined
  return { sessionId, hostFingerprint, hints, ...(secret && { secret }) }
}

function checksum(payload: Uint8Array): Uint8Array {
  return domainHash('openconvoy invite checksum', inviteChecksumBytes, payload)
}

function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new ConvoyError('invalid-argument', `The ${what} needs ${length} bytes.`)
}

function malformed(): ConvoyError {
  return new ConvoyError(
    'invite-malformed',
    `This is not an invite. Paste all of it: it starts with ${scheme} or is an https link that holds that.`,
  )
}

function mistyped(): ConvoyError {
  return new ConvoyError(
    'invite-mistyped',
    'The invite was mistyped or cut short: copy it again, all of it, from the first character to the last.',
  )
}
