import { concat, ConvoyError, equalBytes, isConvoyError } from '../../core/index.ts'
import { domainHash } from '../../identity/index.ts'
import { base62Length, fromBase62, numberFromBase62, numberToBase62, toBase62 } from './alphabet.ts'
import { codeBytes, codeChecksumBytes, codePlaces, codeTextLength, codeVersion } from './constants.ts'

/** What a code is: a host's call to whoever wants to join, a joiner's offer, the host's answer to it. */
export type CodeKind = 'call' | 'offer' | 'answer'

/** A code taken apart as far as anybody can. */
export interface DecodedCode {
  readonly kind: CodeKind
  readonly body: Uint8Array
}

/** Digits of the length that a code begins with. */
const lengthDigits = 3

/**
 * A code as text: letters and digits but for the hyphens of its first words; the format is [MAN-2].
 * @throws ConvoyError `message-too-large`.
 */
export function encodeCode({ kind, body }: DecodedCode): string {
  if (body.length > codeBytes)
    throw new ConvoyError('message-too-large', `A code has at most ${codeBytes} bytes, not ${body.length}.`)
  const length = numberToBase62(BigInt(body.length), lengthDigits)
  return `openconvoy-${kind}-${codeVersion}${length}${toBase62(concat(body, checksum(kind, body)))}`
}

/**
 * Finds the code in what somebody pasted: line breaks, spaces, quotes, backticks, brackets and what else chats put between the
 * characters, and words around it, do no harm.
 * @throws ConvoyError `code-malformed`, `code-mistyped`, `code-version`.
 */
export function decodeCode(text: string): DecodedCode {
  if (text.length > codeTextLength)
    throw new ConvoyError('code-malformed', 'That text is too long to hold a code: paste the code alone.')
  // Some fonts and keyboards write letters of their own, which count as the ones they stand for.
  const bare = text.normalize('NFKC').replace(/[^0-9A-Za-z]+/g, '')
  let failure: ConvoyError | undefined
  let places = 0
  for (const { index, 0: words, 1: kind = '' } of bare.matchAll(/openconvoy(call|offer|answer)/gi)) {
    if (++places > codePlaces) break
    try {
      return decodeAt(kind.toLowerCase() as CodeKind, bare.slice(index + words.length))
    } catch (error) {
      if (!isConvoyError(error)) throw error
      // Talk of an "openconvoy offer" is no code: what came nearest to one tells most.
      if (failure === undefined || error.code !== 'code-malformed') failure = error
    }
  }
  throw failure ?? malformed()
}

function decodeAt(kind: CodeKind, rest: string): DecodedCode {
  const version = Number(rest.charAt(0))
  if (!(version >= 1)) throw malformed()
  if (version !== codeVersion) {
    throw new ConvoyError(
      'code-version',
      'Another version of OpenConvoy made this code: use the same version on both sides.',
    )
  }
  const start = 1 + lengthDigits
  const bodyLength = Number(numberFromBase62(rest.slice(1, start)))
  const byteCount = bodyLength + codeChecksumBytes
  const length = base62Length(byteCount)
  const payload = rest.slice(start, start + length)
  if (bodyLength <= codeBytes && payload.length < length) {
    throw mistyped(
      `The code was cut short: ${payload.length} of its ${length} characters are there. Copy all of it; where the chat ` +
        'takes no message that long, send it as a file.',
    )
  }
  const bytes = bodyLength > codeBytes ? undefined : bytesOf(payload, byteCount)
  const body = bytes?.subarray(0, bodyLength)
  if (
    bytes === undefined ||
    body === undefined ||
    !equalBytes(bytes.subarray(bodyLength), checksum(kind, body))
  ) {
    throw mistyped(
      payload === payload.toLowerCase() || payload === payload.toUpperCase()
        ? 'The capital letters of the code were changed on the way: send it as a file, or through another chat.'
        : 'The code was changed on the way: copy it again, all of it, from the first character to the last.',
    )
  }
  return { kind, body }
}

function bytesOf(payload: string, byteCount: number): Uint8Array | undefined {
  try {
    return fromBase62(payload, byteCount)
  } catch {
    return undefined
  }
}

function checksum(kind: CodeKind, body: Uint8Array): Uint8Array {
  return domainHash(`openconvoy ${kind} code ${codeVersion}`, codeChecksumBytes, body)
}

function malformed(): ConvoyError {
  return new ConvoyError(
    'code-malformed',
    'There is no code in this text. Codes begin with openconvoy-call-, openconvoy-offer- or openconvoy-answer-.',
  )
}

function mistyped(message: string): ConvoyError {
  return new ConvoyError('code-mistyped', message)
}
