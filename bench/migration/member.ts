// The program of one member: see convoy.ts for what directs it.
import {
  createConnector,
  createIdentity,
  emptyVehicleState,
  hostConvoy,
  joinConvoy,
  loadEngine,
  type Convoy,
} from '../../lib/index.ts'
import { parentProcess } from '../processes/parent.ts'
import { machineNow } from './machineClock.ts'
import type { FromMember, Look, MemberTask, ToMember } from './messages.ts'
import { Watch } from './watch.ts'

/** A game's frame, ms. */
const frameMs = 1_000 / 60

/** Metres per second, and from one truck to the next. */
const speed = 20
const gap = 30

/**
 * Every frame shows other lights than the four before: whatever the tick, something changed that others have to be told of. So
 * an update is due at each tick, and one that doesn't come shows, however well its absence could be bridged.
 */
const flagsInTurn = [0, 1, 2, 3, 4]

const parent = parentProcess<FromMember>()
let convoy: Convoy | undefined
let watch: Watch | undefined

process.on('message', (message: ToMember) => {
  switch (message.type) {
    case 'start':
      void parent.answer(start(message.task), (started) => ({
        type: 'started',
        memberId: started.self.id,
        invite: started.invite,
      }))
      break
    case 'look':
      void parent.answer(look(), (seen) => ({ type: 'looked', look: seen }))
      break
    case 'watch':
      if (convoy !== undefined) watch = new Watch(convoy, message.absent)
      parent.tell({ type: 'watching' })
      break
    case 'report':
      if (watch !== undefined) parent.tell({ type: 'reported', report: watch.report() })
      break
  }
})

async function start(task: MemberTask): Promise<Convoy> {
  const { name, number, seed } = task
  const options = {
    name,
    identity: createIdentity({ seed: Buffer.from(seed, 'hex') }),
    connector: createConnector(await loadEngine('datachannel')),
  }
  const started =
    task.role === 'host'
      ? await hostConvoy({
          ...options,
          rendezvous: task.signaling,
          rules: { maxPlayers: task.maxPlayers, showServer: false },
        })
      : await joinConvoy(task.invite, options)
  convoy = started
  const state = emptyVehicleState()
  let frame = 0
  setInterval(() => {
    state.y = 1
    state.z = number * gap - speed * (machineNow() / 1_000 - startedAtSeconds)
    state.velocityZ = -speed
    state.flags = flagsInTurn[frame++ % flagsInTurn.length] ?? 0
    started.setVehicle(state)
  }, frameMs)
  return started
}

/** Where the road begins: with an hour of driving ahead it must not end. */
const startedAtSeconds = machineNow() / 1_000

async function look(): Promise<Look> {
  if (convoy === undefined) throw new Error('There is no convoy.')
  const { authority, host, members, self, vehicles } = convoy
  return {
    memberId: self.id,
    hostId: host.id,
    epoch: authority.epoch,
    active: authority.state === 'active',
    linked: members.filter(({ presence }) => presence === 'connected').length,
    seen: vehicles.sample().filter(({ opacity }) => opacity === 1).length,
    digest: convoy.stats().record.digest,
  }
}
