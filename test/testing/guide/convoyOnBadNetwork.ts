import { emptyVehicleState, hostConvoy, joinConvoy } from 'openconvoy'
import {
  SimulatedClock,
  simulatedIdentity,
  SimulatedNetwork,
  SimulatedRendezvous,
  simulatedVerify,
} from 'openconvoy/testing'

/** Two friends drive for ten seconds; then the host's process dies, and the other one takes over. */
export async function convoyOnBadNetwork(seed: number) {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({ clock, seed, delayMs: 40, jitterMs: 15, lossPercent: 5 })
  const signaling = new SimulatedRendezvous({ network })
  const optionsOf = (name: string) => {
    const process = network.peer(name)
    return {
      name,
      clock: process.clock,
      random: process.random,
      connector: process.connector,
      rendezvous: signaling.rendezvous(name),
      identity: simulatedIdentity(process.random),
      verify: simulatedVerify,
    }
  }

  const host = await clock.complete(hostConvoy(optionsOf('anna')))
  const friend = await clock.complete(joinConvoy(host.invite, optionsOf('ben')))

  const truck = emptyVehicleState()
  for (let second = 1; second <= 10; second++) {
    truck.x = 25 * second
    host.setVehicle(truck)
    await clock.run(1_000)
  }
  const seen = friend.stats().updatesReceived

  let takenOverAfterMs = Infinity
  const killedAt = clock.now()
  friend.on('hostChanged', () => (takenOverAfterMs = clock.now() - killedAt))
  network.kill('anna')
  await clock.runUntil(() => takenOverAfterMs < Infinity)

  await clock.complete(friend.close())
  await clock.complete(signaling.close())
  await clock.run(2_000) // what is still under way arrives
  return { seen, takenOverAfterMs, trace: network.traceHash(), timersLeft: clock.pendingTimers }
}
