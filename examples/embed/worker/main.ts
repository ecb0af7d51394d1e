import { Worker } from 'node:worker_threads'
import { emptyVehicleState } from 'openconvoy'
import type { ConvoyWorkerData, FromWorker, ToWorker } from './messages.ts'

// Drives a truck and sees the others' from the main thread, while a worker holds the convoy.

const workerData: ConvoyWorkerData = { invite: process.argv[2] ?? '', name: 'Clara' }
const worker = new Worker(new URL('./convoyWorker.ts', import.meta.url), { workerData })
const tell = (message: ToWorker): void => worker.postMessage(message)

let trucks: Extract<FromWorker, { type: 'vehicles' }>['vehicles'] = []
worker.on('message', (message: FromWorker) => {
  if (message.type === 'vehicles') trucks = message.vehicles
  if (message.type === 'joined') console.log(`joined as ${message.memberId}`)
  if (message.type === 'failed') {
    console.error(message.message)
    process.exitCode = 1
  }
})

// The game's loop: here is our truck, where are the others?
const loop = setInterval(() => {
  tell({ type: 'vehicle', state: { ...emptyVehicleState(), x: -30_237, y: 12, z: -4_986 } })
  for (const { state } of trucks) console.log(`a truck at ${state.x}, ${state.z}`)
}, 1_000)

worker.on('exit', () => clearInterval(loop))
process.once('SIGINT', () => tell({ type: 'close' }))
