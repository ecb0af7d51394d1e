import * as v from 'valibot'
import { bytesUpTo, token } from './fields.ts'

/** Bytes of one value as MessagePack: a job or an event with its checkpoints, not a map. */
export const sharedValueBytes = 4_096

/** Most values at once: with {@link sharedValueBytes} they stay a small part of the record. */
export const mostSharedValues = 32

/** Name of a value that a host shares. */
export const sharedName = token(24)

/** A value that the host set for everyone, or took back. */
export const sharedValueSchema = v.strictObject({
  name: sharedName,
  /** MessagePack; nil takes it back. */
  value: v.nullable(bytesUpTo(sharedValueBytes)),
})
