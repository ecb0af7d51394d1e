import { createSystemClock, sleep } from '../../../lib/core/index.ts'

const clock = createSystemClock()

/** Waits, on the system's clock, until `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = clock.now() + 20_000
  while (!condition()) {
    if (clock.now() > deadline) throw new Error('The condition did not come true within 20 s.')
    await sleep(clock, 20)
  }
}
