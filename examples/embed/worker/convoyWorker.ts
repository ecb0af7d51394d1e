import { parentPort, workerData } from 'node:worker_threads'
import { isConvoyError, joinConvoy, type Convoy } from 'openconvoy'
import type { ConvoyWorkerData, FromWorker, ToWorker } from './messages.ts'

// Owns a convoy on a thread of its own: a main thread that is busy for a second delays no heartbeat and no truck.

/** How often the others' trucks are handed over, ms: as often as most screens draw. */
const frameMs = 1_000 / 60

const port = parentPort
if (port === null) throw new Error('This file runs as a worker: see main.ts beside it.')
const post = (message: FromWorker): void => port.postMessage(message)

const serve = (convoy: Convoy): void => {
  const timer = setInterval(() => {
    // Posting copies, which is needed anyway: what `sample` returns is filled anew at each call.
    post({
      type: 'vehicles',
      vehicles: convoy.vehicles
        .sample()
        .map(({ memberId, state, opacity }) => ({ memberId, state, opacity })),
    })
  }, frameMs)
  port.on('message', (message: ToWorker) => {
    if (message.type === 'vehicle') return convoy.setVehicle(message.state)
    clearInterval(timer)
    // Without its port the worker has nothing more to wait for, and ends.
    void convoy.close().finally(() => port.close())
  })
}

try {
  const { invite, name } = workerData as ConvoyWorkerData
  const convoy = await joinConvoy(invite, { name })
  serve(convoy)
  post({ type: 'joined', memberId: convoy.self.id })
} catch (error) {
  post({
    type: 'failed',
    code: isConvoyError(error) ? error.code : undefined,
    message: error instanceof Error ? error.message : String(error),
  })
}
