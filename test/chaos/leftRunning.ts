import { setTimeout as sleep } from 'node:timers/promises'

/** How long the system may take to clear away what has ended, ms. */
const clearedMs = 2_000

/** Those of `pids` that still run. */
export async function leftRunning(pids: Iterable<number>): Promise<number[]> {
  const deadline = performance.now() + clearedMs
  let left = [...pids].filter(runs)
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(50)
    left = left.filter(runs)
  }
  return left
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
