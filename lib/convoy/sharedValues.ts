import { decode, Encoder } from '@msgpack/msgpack'
import * as v from 'valibot'
import { ConvoyError } from '../core/index.ts'
import { mostSharedValues, sharedName, sharedValueBytes } from '../protocol/index.ts'
import type { HostRole, Session } from '../session/index.ts'

/**
 * Values that the host sets for everyone, newcomers included, and that outlive it: the weather, the convoy's job, how far an
 * event is. They are part of the record: what a host set, its successor goes on from.
 */
export interface SharedValues {
  /** The value with this name, as the host's program set it; check its shape before use. Undefined where none is set. */
  get(name: string): unknown
  /** Names of those that are set. */
  names(): readonly string[]
  /**
   * Host only: sets a value, or takes it back where undefined; resolves once that is in force.
   * @param name - 1 to 24 printable ASCII characters without spaces; at most 32 names at once.
   * @param value - plain data, at most 4,096 bytes as MessagePack.
   * @throws ConvoyError `invalid-argument`, `message-too-large`, `not-permitted`, `no-majority`, `authority-moved`, `closed`, `aborted`.
   * @example
   * ```ts
   * await convoy.shared.set('weather', { rain: 0.8, fog: 0 })
   * convoy.on('sharedChanged', ({ name, value }) => name === 'weather' && game.setWeather(value))
   * ```
   */
  set(name: string, value: unknown, signal?: AbortSignal): Promise<void>
}

/** {@link SharedValues} over the record of a session: docs/protocol/04-session.md [REC-7]. */
export class RecordedValues implements SharedValues {
  readonly #session: Session
  readonly #authority: () => HostRole

  /** @param authority - the host's role; throws where this peer may not decide. */
  constructor(session: Session, authority: () => HostRole) {
    this.#session = session
    this.#authority = authority
  }

  get(name: string): unknown {
    const bytes = this.#session.record.state.shared.get(name)
    if (bytes === undefined) return undefined
    try {
      return decode(bytes)
    } catch {
      // Another program than ours may have been host.
      return undefined
    }
  }

  names(): readonly string[] {
    return [...this.#session.record.state.shared.keys()]
  }

  async set(name: string, value: unknown, signal?: AbortSignal): Promise<void> {
    const role = this.#authority()
    if (!v.is(sharedName, name)) {
      throw new ConvoyError(
        'invalid-argument',
        'A shared value has a name of 1 to 24 printable ASCII characters.',
      )
    }
    const { shared } = this.#session.record.state
    if (value !== undefined && !shared.has(name) && shared.size >= mostSharedValues) {
      throw new ConvoyError(
        'invalid-argument',
        `At most ${mostSharedValues} values are shared at once. Take one back.`,
      )
    }
    const bytes = value === undefined ? null : encoded(value)
    await role.record(() => ({ type: 'shared', name, value: bytes }), signal)
  }
}

function encoded(value: unknown): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = new Encoder({ ignoreUndefined: true }).encode(value)
  } catch (cause) {
    throw new ConvoyError('invalid-argument', 'A shared value has to be plain data.', { cause })
  }
  if (bytes.length > sharedValueBytes) {
    throw new ConvoyError(
      'message-too-large',
      `The value has ${bytes.length} bytes; a shared one may have ${sharedValueBytes}.`,
    )
  }
  return bytes
}
