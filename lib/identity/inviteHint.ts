import { concat, ConvoyError, fromUtf8, utf8 } from '../core/index.ts'
import { inviteHintLength } from './constants.ts'

/** Kinds of hint on the wire and the text that each stands for; an older reader skips kinds it does not know. */
const hintKinds = [
  { code: 1, prefix: 'ws://' },
  { code: 2, prefix: 'wss://' },
  { code: 3, prefix: '/' },
  { code: 4, prefix: 'lan:' },
] as const

/**
 * Whether `text` may be a hint: the address of a signaling service (`ws:` or `wss:`, without
 * credentials or fragment), something shaped like a libp2p multiaddr, or `lan:`.
 */
export function isInviteHint(text: string): boolean {
  if (text.length > inviteHintLength || !/^[\x21-\x7e]+$/.test(text)) return false
  if (text === 'lan:') return true
  if (text.startsWith('/')) return /^(?:\/[A-Za-z0-9._:%~+-]+)+$/.test(text)
  if (!/^wss?:\/\/[^/]/.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.hostname !== '' && url.username === '' && url.password === '' && !text.includes('#')
}

/** The hint at `index` as kind, length and the text after the kind's prefix. */
export function encodeHint(text: string, index: number): Uint8Array {
  const kind = hintKinds.find(({ prefix }) => text.startsWith(prefix))
  if (kind === undefined || !isInviteHint(text)) {
    // Without the text itself, which may hold credentials.
    throw new ConvoyError(
      'invalid-argument',
      `Hint ${index + 1} can't go into an invite: use a ws:// or wss:// address without credentials, a multiaddr, or lan:, of at most ${inviteHintLength} characters.`,
    )
  }
  const rest = utf8(text.slice(kind.prefix.length))
  return concat(Uint8Array.of(kind.code, rest.length), rest)
}

/** The text of a hint, or undefined when its kind is unknown here or the text is none. */
export function decodeHint(code: number, rest: Uint8Array): string | undefined {
  const kind = hintKinds.find((candidate) => candidate.code === code)
  if (kind === undefined || rest.some((byte) => byte > 0x7e)) return undefined
  const text = kind.prefix + fromUtf8(rest)
  return isInviteHint(text) ? text : undefined
}
