import { emptyVehicleState, joinConvoy } from 'openconvoy'

// The smallest joiner: joins by invite, parks its truck beside the host's and says hello.
const convoy = await joinConvoy(process.argv[2] ?? '', { name: 'Bruno' })

convoy.setVehicle({ ...emptyVehicleState(), x: -30_240, y: 12, z: -4_986 })
convoy.on('chat', ({ from, text }) => console.log(`${from.name}: ${text}`))
convoy.sendChat('Hello!')
setInterval(() => {
  for (const { state } of convoy.vehicles.sample()) console.log(`a truck at ${state.x}, ${state.z}`)
}, 1_000)
process.once('SIGINT', () => void convoy.close().then(() => process.exit()))
