import type { DialFrameSocket } from './frameSocket.ts'
import { cutCodes } from './frames.ts'
import type { Switchboard } from './switchboard.ts'
import type { SwitchboardSocket } from './switchboardClient.ts'

/** Connects this peer to the switchboard in its own process, where its sessions are announced like at any other. */
export function dialInProcess(switchboard: Switchboard): DialFrameSocket {
  return (handlers) => {
    let socket: SwitchboardSocket | undefined
    let over = false
    // Later, as on a network: neither side expects an answer while it is still asking. Copies, for the same reason.
    const toClient = (action: () => void): void =>
      queueMicrotask(() => {
        if (!over) action()
      })
    toClient(() => {
      socket = switchboard.accept({
        address: null,
        stun: null,
        send: (bytes) => {
          const copy = bytes.slice()
          toClient(() => handlers.message(copy))
        },
        cut: (reason) =>
          toClient(() => {
            over = true
            handlers.closed(cutCodes[reason])
          }),
      })
      handlers.open()
    })
    return {
      send(bytes) {
        const copy = bytes.slice()
        queueMicrotask(() => socket?.receive(copy))
      },
      close() {
        over = true
        queueMicrotask(() => socket?.gone())
      },
    }
  }
}
