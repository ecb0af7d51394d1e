import * as v from 'valibot'
import { limits } from './limits.ts'

// Not `v.instance(Uint8Array)`: its type would ask for arrays that certainly own their ArrayBuffer.
const byteArray = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'Expected bytes')

/** Exactly `length` bytes. */
export const bytesOf = (length: number) =>
  v.pipe(
    byteArray,
    v.check((bytes) => bytes.length === length, `Expected ${length} bytes`),
  )

/** At most `length` bytes. */
export const bytesUpTo = (length: number) =>
  v.pipe(
    byteArray,
    v.check((bytes) => bytes.length <= length, `Expected at most ${length} bytes`),
  )

// Control and bidirectional formatting characters let a name or a text pose as another one.
// eslint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/

// Half of a character can't be encoded: it would come back as another one.
const unpaired = /\p{Surrogate}/u

/** Text for people: bounded, valid Unicode, without control characters other than line feed. */
export const displayText = (maxLength: number, minLength = 0) =>
  v.pipe(
    v.string(),
    v.minLength(minLength),
    v.maxLength(maxLength),
    v.check((text) => !unprintable.test(text), 'Control characters are not allowed'),
    v.check((text) => !unpaired.test(text), 'Half characters are not allowed'),
  )

/** Text for programs: bounded, printable ASCII. */
export const token = (maxLength: number) =>
  v.pipe(v.string(), v.maxLength(maxLength), v.regex(/^[\x21-\x7e]+$/))

/** An Ed25519 or X25519 public key. */
export const publicKey = bytesOf(32)
/** A session id: see docs/protocol.md [SES-1]. */
export const sessionId = bytesOf(16)
/** Names one process of a member; a rejoin has a new one. */
export const incarnation = bytesOf(8)
/** A one-time number against replay. */
export const nonce = bytesOf(16)
/** A whole number of at least 0 that a double holds exactly. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** The name a member shows. */
export const memberName = displayText(limits.nameLength, 1)
/** Kinds of vehicle a host may allow or not. */
export const vehicleClass = v.picklist(['truck', 'car', 'bus'])
/** Kinds of vehicle a host may allow or not. */
export type VehicleClass = v.InferOutput<typeof vehicleClass>
