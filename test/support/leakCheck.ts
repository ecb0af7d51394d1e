import { afterAll, beforeAll } from 'vitest'

// Every `close()` promises to leave nothing behind. Sockets and timers that keep a process alive are what a leak
// looks like from outside, so each test file has to end with no more of them than it began with.
const watched = new Set(['TCPServerWrap', 'TCPSocketWrap', 'UDPWrap', 'Timeout'])
/** Sockets close a few turns of the event loop after `close()`, on busy machines noticeably later. */
const graceMs = 5_000
const pollMs = 25

let before: Map<string, number>

beforeAll(() => {
  before = countResources()
})

afterAll(async () => {
  const deadline = performance.now() + graceMs
  let leaked = leakedSince(before)
  while (leaked.length > 0 && performance.now() < deadline) {
    // The wait itself is a timer: unreferenced, it is not counted. The channel to vitest keeps the process alive.
    await new Promise((resolve) => setTimeout(resolve, pollMs).unref())
    leaked = leakedSince(before)
  }
  if (leaked.length > 0) throw new Error(`This test file leaves behind: ${leaked.join(', ')}.`)
}, graceMs * 2)

function countResources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) {
    if (watched.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function leakedSince(earlier: ReadonlyMap<string, number>): string[] {
  return [...countResources()]
    .map(([name, count]) => [name, count - (earlier.get(name) ?? 0)] as const)
    .filter(([, extra]) => extra > 0)
    .map(([name, extra]) => `${extra} × ${name}`)
}
