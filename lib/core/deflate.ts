import { concat, copyOf } from './bytes.ts'
import { ConvoyError } from './errors.ts'

/**
 * Compresses `bytes` (raw DEFLATE, RFC 1951) by the platform's own means.
 * @throws ConvoyError `unsupported` where there are none: in browsers from before 2023.
 */
export function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, stream('CompressionStream'), Infinity)
}

/**
 * Expands what {@link deflate} made.
 * @throws ConvoyError `message-too-large` as soon as it has more than `maxBytes`; `message-malformed`; `unsupported`.
 */
export function inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return through(bytes, stream('DecompressionStream'), maxBytes)
}

type ByteStream = ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>

function stream(name: 'CompressionStream' | 'DecompressionStream'): ByteStream {
  try {
    return new globalThis[name]('deflate-raw')
  } catch (cause) {
    throw new ConvoyError('unsupported', 'This platform can’t compress: update the browser.', { cause })
  }
}

async function through(
  bytes: Uint8Array,
  { readable, writable }: ByteStream,
  maxBytes: number,
): Promise<Uint8Array> {
  const writer = writable.getWriter()
  // What fails in writing shows in reading as well.
  writer.write(copyOf(bytes)).catch(() => {})
  writer.close().catch(() => {})
  const parts: Uint8Array[] = []
  let total = 0
  const reader = readable.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return concat(...parts)
      total += value.length
      if (total > maxBytes)
        throw new ConvoyError('message-too-large', `What was compressed has more than ${maxBytes} bytes.`)
      parts.push(value)
    }
  } catch (cause) {
    reader.cancel().catch(() => {})
    if (cause instanceof ConvoyError) throw cause
    throw new ConvoyError('message-malformed', 'What was compressed can’t be expanded.', { cause })
  }
}
