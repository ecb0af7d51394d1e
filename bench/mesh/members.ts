// The program of some members of a mesh: see network.ts for what directs them.
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { emptyVehicleState, type Signal } from '../../lib/protocol/index.ts'
import { createConnector, establishLink, loadEngine, type Link } from '../../lib/rtc/index.ts'
import { json, ours, type Participant } from '../baselines/index.ts'
import { convoyOf, emptyEnds, endsOf, secondsBetween, type Course } from '../drives/index.ts'
import { parentProcess } from '../processes/parent.ts'
import type { FromMembers, MembersReport, MeshRun, ToMembers } from './messages.ts'

/** A game's frame, and every how many of them shown and true positions are compared: that costs what no game does. */
const frameMs = 1000 / 60
const framesPerLook = 6

/** Links that are being made at a time: each is heavy work for a moment. */
const linksAtOnce = 6

/** The same road for every run. */
const seed = 1

const clock = createSystemClock()
const contenders = { ours, json }

/** One member that lives here. */
interface Member {
  readonly number: number
  readonly participant: Participant
  /** Where what others send while a link is made goes, by their number; what came before anybody asked waits. */
  readonly inboxes: Map<number, (signal: Signal) => void>
  readonly early: Map<number, Signal[]>
}

let members: Member[] = []
let courses: Course[] = []
let beginMs = 0
let startNs = 0n
let errors: number[] = []
let measuring: { cpu: NodeJS.CpuUsage } | undefined

const parent = parentProcess<FromMembers>()
process.on('message', (message: ToMembers) => {
  switch (message.type) {
    case 'open':
      void parent.answer(open(message.run, message.own), () => ({ type: 'opened' }))
      break
    case 'signal':
      takeSignal(message.from, message.to, message.signal as Signal)
      break
    case 'start':
      startNs = BigInt(message.atNs)
      for (const [index, member] of members.entries()) {
        // Every game has a beat of its own.
        clock.after((index * frameMs) / members.length, () => play(member))
      }
      parent.tell({ type: 'started' })
      break
    case 'measure':
      errors = []
      measuring = { cpu: process.cpuUsage() }
      parent.tell({ type: 'measuring' })
      break
    case 'report':
      parent.tell({ type: 'reported', report: report() })
      break
  }
})

function report(): MembersReport {
  const { user, system } = process.cpuUsage(measuring?.cpu)
  measuring = undefined
  return { cpuMs: (user + system) / 1000, errors }
}

async function open(run: MeshRun, own: readonly number[]): Promise<void> {
  // Measured once the last truck has left the straight that it begins on.
  beginMs = run.members * secondsBetween * 1000
  const seconds = (beginMs + run.warmUpMs + run.measureMs) / 1000 + 5
  courses = convoyOf(run.members, run.kind, seed, seconds)
  members = own.map((number) => ({
    number,
    participant: contenders[run.contender].join(clock),
    inboxes: new Map(),
    early: new Map(),
  }))
  const connector = createConnector(await loadEngine('datachannel'))
  const waiting: (() => Promise<void>)[] = []
  const answered: Promise<void>[] = []
  for (const member of members) {
    for (let other = 0; other < run.members; other++) {
      const link = async (): Promise<void> => join(member, other, connector)
      if (member.number < other) waiting.push(link)
      else if (member.number > other) answered.push(firstSignal(member, other).then(link))
    }
  }
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next()
  }
  await Promise.all([...answered, ...Array.from({ length: linksAtOnce }, work)])
}

async function join(
  member: Member,
  other: number,
  connector: ReturnType<typeof createConnector>,
): Promise<void> {
  const link: Link = await establishLink({
    connector,
    initiator: member.number < other,
    clock,
    random: systemRandom,
    signals: {
      send: (signal) => parent.tell({ type: 'signal', from: member.number, to: other, signal }),
      onSignal(handler) {
        member.inboxes.set(other, handler)
        for (const signal of member.early.get(other)?.splice(0) ?? []) handler(signal)
      },
    },
  })
  member.participant.add(String(other), link)
}

const awaited = new Map<string, () => void>()

/** An attempt has a deadline: whoever answers begins only once there is something to answer. */
function firstSignal(member: Member, other: number): Promise<void> {
  if (member.early.has(other)) return Promise.resolve()
  return new Promise((resolve) => awaited.set(`${other}-${member.number}`, resolve))
}

/** Signals may come before this process has opened: they wait. */
function takeSignal(from: number, to: number, signal: Signal): void {
  const member = members.find(({ number }) => number === to)
  if (member === undefined) {
    clock.after(20, () => takeSignal(from, to, signal))
    return
  }
  const handler = member.inboxes.get(from)
  if (handler !== undefined) return handler(signal)
  const early = member.early.get(from) ?? []
  member.early.set(from, [...early, signal])
  awaited.get(`${from}-${to}`)?.()
}

/** Plays one member's game from now on. */
function play(member: Member): void {
  const state = emptyVehicleState()
  const shown = emptyVehicleState()
  let frame = 0
  let dueAt = clock.now()
  const tick = (): void => {
    // From due time to due time: timers count whole milliseconds.
    dueAt += frameMs
    clock.after(Math.max(0, dueAt - clock.now()), tick)
    const own = courses[member.number]
    if (own === undefined) return
    member.participant.drive(own.stateAt(courseTime(), state))
    const looks = frame++ % framesPerLook === 0 && measuring !== undefined
    for (const [other, course] of courses.entries()) {
      if (other === member.number) continue
      // Before showing: comparing takes time too.
      const now = courseTime()
      const isShown = member.participant.show(String(other), shown)
      if (looks) errors.push(isShown ? errorOf(shown, course, now) : Infinity)
    }
  }
  tick()
}

/** Milliseconds into the courses: the same in all processes. */
function courseTime(): number {
  return beginMs + Number(process.hrtime.bigint() - startNs) / 1e6
}

const truth = emptyVehicleState()
const ends = { shown: emptyEnds(), truth: emptyEnds() }

/** Metres at the worse of both ends. */
function errorOf(state: Parameters<typeof endsOf>[0], course: Course, now: number): number {
  const a = endsOf(state, ends.shown)
  const b = endsOf(course.stateAt(now, truth), ends.truth)
  return Math.max(
    Math.hypot(a.frontX - b.frontX, a.frontY - b.frontY, a.frontZ - b.frontZ),
    Math.hypot(a.rearX - b.rearX, a.rearY - b.rearY, a.rearZ - b.rearZ),
  )
}
