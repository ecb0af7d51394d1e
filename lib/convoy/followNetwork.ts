import { watchNetwork } from '../core/index.ts'
import type { Convoy, ConvoyOptions } from './types.ts'

/** Tells a convoy of changes of this device's network for as long as it is open, unless its options say otherwise. */
export function followNetwork(convoy: Convoy, options: ConvoyOptions): void {
  // Who hands in a clock decides on time and network alike.
  if (!(options.watchNetwork ?? options.clock === undefined)) return
  convoy.on(
    'closed',
    watchNetwork(() => convoy.networkChanged()),
  )
}
