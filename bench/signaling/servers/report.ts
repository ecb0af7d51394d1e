import { parentProcess } from '../../processes/parent.ts'
import type { FromServer, ToServer } from '../messages.ts'

const parent = parentProcess<FromServer>()

/** There is but one thing that may be asked. */
process.on('message', (_: ToServer) => void measure())

/** The server takes connections from now on. */
export function listening(port: number): void {
  parent.tell({ type: 'listening', port })
}

async function measure(): Promise<void> {
  // What a collection sets free may be held by finalizers until the next turn.
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  parent.tell({ type: 'measured', heap: heapUsed + external, resident: rss, cpuMs: (user + system) / 1_000 })
}
