import { runSeed, type SeedRequest } from './runSeed.ts'

// A process that runs the seeds it is sent, one after the other, and sends what came of each.

process.on('message', (request: SeedRequest) => {
  runSeed(request).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      // Not the seed's doing alone if it comes to this: the parent reports it with the seed.
      process.send?.({ seed: request.seed, error: error instanceof Error ? error.stack : String(error) })
    },
  )
})
