import * as v from 'valibot'
import { memberProfileSchema } from '../comms/index.ts'
import { ConvoyError, isConvoyError } from '../core/index.ts'
import {
  displayText,
  emptyLoadOrder,
  encodeMessage,
  limits,
  loadOrderSchema,
  memberName,
  vehicleClass,
  type LoadOrder,
} from '../protocol/index.ts'
import {
  channelVersionsSchema,
  claimsSchema,
  gameVersionSchema,
  loadOrderBytes,
  type Joiner,
} from '../session/index.ts'
import { maxUpdateRate, maxVehicleKbps, minUpdateRate, minVehicleKbps } from '../vehicle/index.ts'
import { checkBudgets } from './budgets.ts'
import type { ConvoyOptions } from './types.ts'

/** The game's own limit of a password's length. */
const passwordLength = 63

/** What of the options others see. */
export type Profile = Pick<Joiner, 'name' | 'game' | 'vehicleClass' | 'claims'>

/**
 * Checks the options that go out to others, before anybody is told anything.
 * @throws ConvoyError `invalid-argument` that names the option.
 */
export function profileOf(options: ConvoyOptions): Profile {
  const { name, game = null, claims = [], updateRate } = options
  const drives = options.vehicleClass === undefined ? 'truck' : options.vehicleClass
  check(memberName, name, 'name', `has 1 to ${limits.nameLength} characters, none of them control characters`)
  check(
    v.nullable(gameVersionSchema),
    game,
    'game',
    'has a name and a version of 1 to 32 characters each, and nothing else',
  )
  check(
    v.nullable(vehicleClass),
    drives,
    'vehicleClass',
    'is "truck", "car" or "bus", or null for a spectator',
  )
  check(claimsSchema, claims, 'claims', 'has at most 16 names of up to 64 printable ASCII characters each')
  check(
    v.optional(memberProfileSchema),
    options.profile,
    'profile',
    'has paint (up to 64 characters), plates (16), company (48) and tag (16), without control characters',
  )
  check(
    v.optional(channelVersionsSchema),
    options.channels,
    'channels',
    'has at most 32 names of up to 24 printable ASCII characters, each with a version of 0 to 65535',
  )
  check(
    v.optional(v.pipe(v.number(), v.minValue(minUpdateRate), v.maxValue(maxUpdateRate))),
    updateRate,
    'updateRate',
    `is ${minUpdateRate} to ${maxUpdateRate} per second`,
  )
  checkBudgets(options.budgets)
  check(
    drives === null ? v.optional(v.literal(false)) : v.optional(v.boolean()),
    options.acceptsTraffic,
    'acceptsTraffic',
    'is true or false, and for a spectator, who has no vehicles, not true',
  )
  check(v.optional(v.boolean()), options.evidence, 'evidence', 'is true or false')
  for (const option of ['vehicleKbps', 'uplinkKbps'] as const) {
    check(
      v.optional(v.pipe(v.number(), v.minValue(minVehicleKbps), v.maxValue(maxVehicleKbps))),
      options[option],
      option,
      `is ${minVehicleKbps} to ${maxVehicleKbps} kilobits per second`,
    )
  }
  return { name, game, vehicleClass: drives, claims }
}

/**
 * The load order of the options.
 * @throws ConvoyError `invalid-argument` when it is malformed, or too long for one message.
 */
export function loadOrderOf({ loadOrder = emptyLoadOrder }: ConvoyOptions): LoadOrder {
  try {
    encodeMessage(loadOrderSchema, loadOrder, loadOrderBytes)
    return loadOrder
  } catch (cause) {
    if (!isConvoyError(cause)) throw cause
    const reason =
      cause.code === 'message-too-large'
        ? `it takes more than ${loadOrderBytes} bytes. Leave out checksums, or mods that are not needed`
        : cause.message
    throw new ConvoyError('invalid-argument', `The option "loadOrder" is not valid: ${reason}.`, { cause })
  }
}

/** @throws ConvoyError `invalid-argument` when there is a password, and it is empty or too long. */
export function checkPassword(password: string | undefined): void {
  check(
    v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(passwordLength))),
    password,
    'password',
    `has 1 to ${passwordLength} characters`,
  )
}

/** @throws ConvoyError `invalid-argument` when a reason that a member is to be shown is too long or unprintable. */
export function checkReason(reason: string): void {
  check(
    displayText(limits.reasonLength),
    reason,
    'reason',
    `has at most ${limits.reasonLength} characters, none of them control characters`,
  )
}

function check(schema: v.GenericSchema, value: unknown, option: string, expected: string): void {
  if (!v.is(schema, value))
    throw new ConvoyError('invalid-argument', `The option "${option}" is not valid: it ${expected}.`)
}
