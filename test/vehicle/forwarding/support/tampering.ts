import type { Connector } from '../../../../lib/rtc/index.ts'
import { forwardPayloadKind } from '../../../../lib/vehicle/index.ts'

const linkHeaderLength = 19

/**
 * A connector whose owner forwards something else than it should: `tamper` gets each payload of forwarded vehicles that
 * leaves, and gives what leaves instead.
 */
export function tampering(connector: Connector, tamper: (payload: Uint8Array) => Uint8Array): Connector {
  return {
    name: connector.name,
    connect(options) {
      const connection = connector.connect(options)
      return {
        signal: (signal) => connection.signal(signal),
        sendControl: (bytes) => connection.sendControl(bytes),
        sendState(datagram) {
          const payload = datagram.slice(linkHeaderLength)
          if (payload[0] !== forwardPayloadKind) return connection.sendState(datagram)
          const changed = tamper(payload)
          const sent = new Uint8Array(linkHeaderLength + changed.length)
          sent.set(datagram.subarray(0, linkHeaderLength))
          sent.set(changed, linkHeaderLength)
          connection.sendState(sent)
        },
        get controlBufferedAmount() {
          return connection.controlBufferedAmount
        },
        get stateBufferedAmount() {
          return connection.stateBufferedAmount
        },
        close: () => connection.close(),
      }
    },
  }
}

/** Byte offsets in a payload with one forwarded vehicle: kind, count, slot, tag, then 20 bits of age, 24 of time and 26 of x. */
export const payloadOffsets = { slot: 2, tag: 4, time: 8, x: 13 } as const

/** A payload with one forwarded vehicle whose age is `byMs` more. */
export function aged(payload: Uint8Array, byMs: number): Uint8Array {
  const changed = payload.slice()
  const view = new DataView(changed.buffer)
  view.setUint32(6, (view.getUint32(6) + Math.round(byMs * 4) * 2 ** 12) >>> 0)
  return changed
}
