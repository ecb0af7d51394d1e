import { isConvoyError, sleep, type Clock } from '../core/index.ts'
import { admissionPatienceMs, undecidedPauseMs } from './constants.ts'

/**
 * Tries again while nothing can be decided for the moment: a voter has just gone, or a hand-over did not come about. Who joins
 * would have to knock anew otherwise.
 * @throws ConvoyError what the last try threw, `aborted`.
 */
export async function patiently<T>(decide: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  const until = clock.now() + admissionPatienceMs
  for (;;) {
    try {
      return await decide()
    } catch (error) {
      const mayPass = isConvoyError(error, 'no-majority') || isConvoyError(error, 'authority-moved')
      if (!mayPass || clock.now() >= until) throw error
      await sleep(clock, undecidedPauseMs, signal)
    }
  }
}
