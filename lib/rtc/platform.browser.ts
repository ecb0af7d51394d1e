import { ConvoyError } from '../core/index.ts'
import type { Engine } from './engine.ts'
import { browserEngine } from './engines/browser.ts'

/**
 * The browser's own WebRTC engine: the only one in pages.
 * @throws ConvoyError `webrtc-missing` where there is none, or when one of Node's engines is asked for.
 */
export async function loadEngine(name: 'datachannel' | 'werift' | 'auto' = 'auto'): Promise<Engine> {
  if (name === 'auto') return browserEngine()
  throw new ConvoyError('webrtc-missing', `The engine ${name} runs in Node only: leave the choice to 'auto'.`)
}
