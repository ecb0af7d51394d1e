import { Decoder, Encoder } from '@msgpack/msgpack'
import * as v from 'valibot'
import { ConvoyError } from '../core/index.ts'

/** A schema of something that crosses the wire. */
export type WireSchema<Value> = v.GenericSchema<unknown, Value>

/** Up to here the room that an encoder grew to is kept for the next message, bytes: nearly all take less. */
const keptBytes = 65_536

let encoder = newEncoder()

/** Encodes `value` as MessagePack, after checking that it fits `schema` and `maxBytes`: bugs stay at home. */
export function encodeMessage<Value>(schema: WireSchema<Value>, value: Value, maxBytes: number): Uint8Array {
  const checked = v.safeParse(schema, value)
  if (!checked.success) {
    throw new ConvoyError(
      'invalid-argument',
      `The message to send is malformed: ${firstIssue(checked.issues)}`,
    )
  }
  const bytes = encoder.encode(checked.output)
  if (bytes.length > keptBytes) encoder = newEncoder()
  if (bytes.length > maxBytes) {
    throw new ConvoyError(
      'message-too-large',
      `The message to send has ${bytes.length} bytes; at most ${maxBytes} are allowed.`,
    )
  }
  return bytes
}

/**
 * Size-checks, decodes and schema-checks what came over the wire.
 * @throws ConvoyError `message-too-large` or `message-malformed`.
 */
export function decodeMessage<Value>(schema: WireSchema<Value>, bytes: Uint8Array, maxBytes: number): Value {
  if (bytes.length > maxBytes) {
    throw new ConvoyError(
      'message-too-large',
      `The message received has ${bytes.length} bytes; at most ${maxBytes} are allowed.`,
    )
  }
  const plain = decodeBounded(bytes)
  const checked = v.safeParse(schema, plain)
  if (!checked.success) {
    throw new ConvoyError(
      'message-malformed',
      `The message received is malformed: ${firstIssue(checked.issues)}`,
    )
  }
  return checked.output
}

function newEncoder(): Encoder {
  return new Encoder({ ignoreUndefined: true })
}

function decodeBounded(bytes: Uint8Array): unknown {
  try {
    // No string, array or map inside can be longer than the message that holds it.
    return new Decoder({
      maxStrLength: bytes.length,
      maxBinLength: bytes.length,
      maxArrayLength: bytes.length,
      maxMapLength: bytes.length,
      maxExtLength: 0,
    }).decode(bytes)
  } catch (cause) {
    throw new ConvoyError('message-malformed', 'The message received is not MessagePack.', { cause })
  }
}

function firstIssue(issues: readonly v.BaseIssue<unknown>[]): string {
  const issue = issues[0]
  if (issue === undefined) return 'unknown reason'
  const path = v.getDotPath(issue)
  return path === null ? issue.message : `${path}: ${issue.message}`
}
