import { ConvoyError } from '../core/index.ts'
import type { Engine } from './engine.ts'

/**
 * Loads a WebRTC engine of this platform: in Node `datachannel`, `werift`, or with `auto` the first of these
 * that can be loaded. In pages there is only the browser's own.
 * @throws ConvoyError `webrtc-missing` when it, or none of them, can be loaded.
 */
export async function loadEngine(name: 'datachannel' | 'werift' | 'auto' = 'auto'): Promise<Engine> {
  const causes: unknown[] = []
  if (name !== 'werift') {
    try {
      return (await import('./engines/datachannel.ts')).datachannelEngine
    } catch (cause) {
      causes.push(cause)
    }
  }
  if (name !== 'datachannel') {
    try {
      return (await import('./engines/werift.ts')).weriftEngine
    } catch (cause) {
      causes.push(cause)
    }
  }
  const packages = { datachannel: 'node-datachannel', werift: 'werift', auto: 'node-datachannel or werift' }
  throw new ConvoyError('webrtc-missing', `No WebRTC engine could be loaded: install ${packages[name]}.`, {
    cause: new AggregateError(causes),
  })
}
