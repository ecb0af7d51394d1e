import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { SeedRequest, SeedResult } from './runSeed.ts'

/** What a process answers that could not run a seed. */
interface SeedFailure {
  readonly seed: number
  readonly error: string
}

/**
 * Runs many seeds on several processes.
 * @param done - told of each seed's result, in whatever order they finish; false to stop.
 * @throws Error when a process could not run a seed, or ended.
 */
export async function runSeeds(
  requests: readonly SeedRequest[],
  workers: number,
  done: (result: SeedResult) => boolean,
  signal: AbortSignal,
): Promise<void> {
  let next = 0
  let stopped = false
  const work = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => resolve()
      signal.addEventListener('abort', giveUp, { once: true })
      const proceed = (): void => {
        const request = requests[next]
        if (request === undefined || stopped || signal.aborted) {
          signal.removeEventListener('abort', giveUp)
          return resolve()
        }
        next++
        child.send(request)
      }
      child.on('message', (answer: SeedResult | SeedFailure) => {
        if ('error' in answer)
          return reject(new Error(`Seed ${answer.seed} could not be run: ${answer.error}`))
        if (!done(answer)) stopped = true
        proceed()
      })
      child.once('exit', (code) => reject(new Error(`A process ended with ${code} while it ran seeds.`)))
      proceed()
    })
  const children = Array.from({ length: Math.max(1, Math.min(workers, requests.length)) }, () =>
    fork(join(import.meta.dirname, 'seedProcess.ts'), [], { execArgv: ['--conditions=openconvoy-source'] }),
  )
  try {
    await Promise.all(children.map((child) => work(child)))
  } finally {
    for (const child of children) child.kill()
  }
}
