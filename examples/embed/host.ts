import { emptyVehicleState, hostConvoy } from 'openconvoy'

// The smallest host: announces a convoy at a signaling service, parks a truck in Calais and greets who says hello.
const signaling = process.argv[2] ?? 'ws://127.0.0.1:7100'
const convoy = await hostConvoy({ name: 'Ada', rendezvous: signaling })
console.log(convoy.invite)

convoy.setVehicle({ ...emptyVehicleState(), x: -30_243, y: 12, z: -4_986 })
convoy.on('chat', ({ from, text }) => {
  console.log(`${from.name}: ${text}`)
  convoy.sendChat(`Welcome, ${from.name}!`, from.id)
})
setInterval(() => {
  for (const { state } of convoy.vehicles.sample()) console.log(`a truck at ${state.x}, ${state.z}`)
}, 1_000)
process.once('SIGINT', () => void convoy.close().then(() => process.exit()))
