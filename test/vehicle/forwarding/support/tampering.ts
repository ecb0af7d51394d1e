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

/** Byte offsets in a payload with one forwarded vehicle: kind, count, slot, tag, then 20 bits of age and the update; those of the sequence begin at bit 3. */
export const payloadOffsets = { slot: 2, tag: 4, sequence: 10, x: 16 } as const
