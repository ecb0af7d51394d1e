import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import { createConnector, establishLink, loadEngine } from '../../lib/rtc/index.ts'
import type { NodeEngine } from './messages.ts'
import type { OpenPipe } from './pipe.ts'

/** Opens links as the library does, over `engine`. */
export async function ourPipes(engine: NodeEngine): Promise<OpenPipe> {
  const connector = createConnector(await loadEngine(engine))
  const clock = createSystemClock()
  return async (options) => {
    const link = await establishLink({
      connector,
      initiator: options.initiator,
      clock,
      random: systemRandom,
      // The other end is this very program.
      signals: {
        send: (signal) => options.signal(signal),
        onSignal: (handler) => options.onSignal((signal) => handler(signal as Signal)),
      },
    })
    link.onState((payload) => options.received(payload))
    return { send: (payload) => void link.sendState(payload) }
  }
}
