import { createSystemClock, type Convoy, type Member } from 'openconvoy'
import { planRoute } from 'openconvoy/testing'
import { Chat } from './chat.ts'
import { listenToKeys } from './keys.ts'
import { PlayerTruck } from './playerTruck.ts'
import { Road } from './road.ts'
import { Roster, type Motion } from './roster.ts'
import { Scene, type SceneTruck } from './scene.ts'
import { askForConvoy, describeFailure, visit, type VisitRole } from './visit.ts'

/** Milliseconds between updates of the table: text that changes faster can't be read. */
const tableMs = 250

/** Metres between the convoy's tail and a visitor who begins to drive. */
const joinGap = 60

/** Longest step a truck is driven by: after a hidden tab it goes on from where it was. */
const longestFrame = 0.1

const elementOf = <Type extends Element>(selector: string, type: new () => Type): Type => {
  const element = document.querySelector(selector)
  if (!(element instanceof type)) throw new Error(`The page lacks ${selector}.`)
  return element
}

const status = elementOf('#status', HTMLElement)
const dial = { speed: elementOf('#speed', HTMLElement), name: elementOf('#followed', HTMLElement) }
const roleButton = elementOf('#role', HTMLButtonElement)
const keysHint = elementOf('#keys', HTMLElement)

const clock = createSystemClock()
let convoy: Convoy | undefined
let player: PlayerTruck | undefined
/** Whose truck the visitor chose to follow. */
let chosen: string | undefined
let trucks: readonly SceneTruck[] = []

const chat = new Chat(
  elementOf('#chat-log', HTMLElement),
  elementOf('#chat-form', HTMLFormElement),
  elementOf('#chat-text', HTMLInputElement),
)
const roster = new Roster(elementOf('#members', HTMLTableSectionElement), (memberId) => {
  chosen = memberId
})
listenToKeys(() => player?.pedals)

try {
  const info = await askForConvoy()
  const road = new Road(planRoute(info.route, info.seed))
  const scene = new Scene(elementOf('#scene', HTMLCanvasElement), road)

  const take = async (role: VisitRole): Promise<void> => {
    roleButton.disabled = true
    status.classList.remove('failed')
    status.textContent = 'Joining…'
    await convoy?.close()
    player = undefined
    chosen = undefined
    convoy = await visit(info, role)
    // For the console: look around.
    Object.assign(globalThis, { convoy })
    chat.attach(convoy)
    convoy.on('removed', ({ detail }) => fail(`You were removed. ${detail}`))
    convoy.on('hostGone', () => fail('The host is gone. It is being tried again.'))
    convoy.on('hostBack', () => status.classList.remove('failed'))
    if (role === 'driver') await startDriving(convoy, road)
    roleButton.textContent = role === 'driver' ? 'Only watch' : 'Drive along'
    roleButton.onclick = () => void take(role === 'driver' ? 'spectator' : 'driver').catch(showFailure)
    roleButton.disabled = false
    keysHint.hidden = role !== 'driver'
  }

  let lastFrame = clock.now()
  const drawFrame = (): void => {
    const now = clock.now()
    const seconds = Math.min(longestFrame, (now - lastFrame) / 1_000)
    lastFrame = now
    if (player !== undefined) convoy?.setVehicle(player.drive(seconds))
    trucks = trucksAt(now)
    scene.draw(trucks, targetOf(trucks), seconds)
    requestAnimationFrame(drawFrame)
  }
  drawFrame()
  clock.every(tableMs, showTable)
  addEventListener('pagehide', () => void convoy?.close())
  await take('spectator')
} catch (error) {
  showFailure(error)
}

/** Puts the visitor's truck behind the last one, at its speed, once there is one to see. */
async function startDriving(joined: Convoy, road: Road): Promise<void> {
  const others = await new Promise<readonly SceneTruck[]>((resolve) => {
    const stop = clock.every(50, () => {
      const seen = trucksAt(clock.now())
      // All trucks that are there count, so that nobody is started inside another.
      const expected = joined.members.filter(
        ({ presence, vehicleClass }) => presence !== 'self' && vehicleClass !== null,
      )
      if (seen.length === 0 || seen.length < expected.length) return
      stop()
      resolve(seen)
    })
  })
  const places = others.map(({ state }) => ({
    along: road.locate(state.x, state.z),
    speed: -state.velocityZ,
  }))
  const last = places.reduce((tail, place) => (isBehind(place.along, tail.along, road) ? place : tail))
  player = new PlayerTruck(road, last.along - joinGap, Math.max(0, last.speed))
  chosen = joined.self.id
}

/** Whether `along` comes before `other` on the closed route: within half of it. */
function isBehind(along: number, other: number, road: Road): boolean {
  const { length } = road.route
  return (((other - along) % length) + length) % length < length / 2
}

function trucksAt(now: number): SceneTruck[] {
  if (convoy === undefined) return []
  const members = new Map<string, Member>(convoy.members.map((member) => [member.id, member]))
  const seen = convoy.vehicles.sample(now).flatMap(({ memberId, state, opacity }) => {
    const member = members.get(memberId)
    return member === undefined ? [] : [{ member, state, opacity }]
  })
  const own = player === undefined ? [] : [{ member: convoy.self, state: player.state, opacity: 1 }]
  return [...seen, ...own]
}

function showTable(): void {
  if (convoy === undefined) return
  const target = targetOf(trucks)
  const motions = new Map(trucks.map((truck) => [truck.member.id, motionOf(truck, target ?? truck)]))
  roster.show(convoy.members, target?.member.id, motions)
  dial.speed.textContent =
    target === undefined ? '–' : String(Math.round(3.6 * motionOf(target, target).speed))
  dial.name.textContent = target?.member.name ?? ''
  if (status.classList.contains('failed')) return
  const links = convoy.members.filter(({ presence }) => presence === 'connected').length
  status.textContent = `${convoy.rules.lobbyName}: ${trucks.length} trucks, ${links} direct links`
}

function motionOf(truck: SceneTruck, target: SceneTruck): Motion {
  const [{ state }, { state: to }] = [truck, target]
  return {
    speed: Math.hypot(state.velocityX, state.velocityZ),
    distance: Math.hypot(state.x - to.x, state.y - to.y, state.z - to.z),
  }
}

/** The truck to follow: the chosen one, else the middle one, around which most of the others are in the picture. */
function targetOf(all: readonly SceneTruck[]): SceneTruck | undefined {
  return all.find(({ member }) => member.id === chosen) ?? all[all.length >> 1]
}

function fail(text: string): void {
  status.textContent = text
  status.classList.add('failed')
}

function showFailure(error: unknown): void {
  fail(describeFailure(error))
  roleButton.disabled = true
}
