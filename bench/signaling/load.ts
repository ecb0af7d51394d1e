// The program that plays all clients of one server, next to that server and nobody else.
import { createSystemClock, sleep } from '../../lib/core/index.ts'
import { parentProcess } from '../processes/parent.ts'
import { dialects, messageBytes, type Dialect, type Greeted } from './dialect.ts'
import type { FromLoad, ToLoad } from './messages.ts'
import { RawSocket } from './rawSocket.ts'

/** Connections that are being opened at a time: below any backlog. */
const opening = 50
/** Clients behind one address: a household. With many more, what is allowed one address would be what is measured. */
const perAddress = 4

interface Pair {
  a: Greeted
  b: Greeted
  fromA: Buffer
  fromB: Buffer
}

const clock = createSystemClock()
const parent = parentProcess<FromLoad>()
const clients: Greeted[] = []
const pairs: Pair[] = []
let dialect: Dialect
let port = 0
let nextNumber = 0

process.on('message', (message: ToLoad) => {
  switch (message.type) {
    case 'start':
      dialect = dialects[message.contender]
      port = message.port
      return parent.tell({ type: 'started' })
    case 'hold':
      return void parent.answer(hold(message.count), (open) => ({ type: 'holding', open }))
    case 'pair':
      return void parent.answer(pairUp(message.pairs), () => ({ type: 'paired' }))
    case 'flood':
      return void parent.answer(flood(message.burst, message.ms), (flooded) => ({
        type: 'flooded',
        ...flooded,
      }))
    case 'pace':
      return void parent.answer(pace(message.perSecond, message.ms), (delaysMs) => ({
        type: 'paced',
        relays: delaysMs.length,
        delaysMs,
      }))
  }
})

async function hold(count: number): Promise<number> {
  const end = nextNumber + count
  const openSome = async (): Promise<void> => {
    while (nextNumber < end) {
      const number = nextNumber++
      const household = Math.floor(number / perAddress)
      const address = `10.${household >> 16}.${(household >> 8) & 0xff}.${household & 0xff}`
      try {
        const socket = await RawSocket.connect(port, dialect.path(number), address)
        await dialect.greet(socket, number)
        clients.push({ socket, number })
      } catch {
        // Not held, then: what is told is how many are.
      }
    }
  }
  await Promise.all(Array.from({ length: opening }, openSome))
  return clients.filter(({ socket }) => socket.isOpen).length
}

async function pairUp(count: number): Promise<void> {
  await hold(count * 2)
  for (let number = 0; number < count; number++) {
    const [a, b] = clients.splice(0, 2)
    if (a === undefined || b === undefined) throw new Error('The server did not take all connections.')
    pairs.push({ a, b, ...(await dialect.pair(a, b)) })
  }
}

/** Everybody who got a burst answers with one. */
async function flood(burst: number, ms: number): Promise<{ relays: number; all: number; ms: number }> {
  let relays = 0
  let over = false
  const answering = (to: Greeted, frame: Buffer): Buffer => {
    const frames = Buffer.concat(Array.from({ length: burst }, () => frame))
    let arrived = 0
    to.socket.onPayload = (payload) => {
      if (payload.length < messageBytes) return
      relays++
      if (++arrived < burst || over) return
      arrived = 0
      to.socket.send(frames)
    }
    return frames
  }
  for (const { a, b, fromA, fromB } of pairs) {
    answering(b, fromB)
    a.socket.send(answering(a, fromA))
  }
  // Bursts have to have spread, and the code to be compiled.
  await sleep(clock, ms / 4)
  const before = relays
  const startedAt = clock.now()
  await sleep(clock, ms)
  const counted = { relays: relays - before, ms: clock.now() - startedAt }
  over = true
  await sleep(clock, 300)
  return { ...counted, all: relays }
}

/** One message at a time from pair after pair; what each took from the one end to the other. */
async function pace(perSecond: number, ms: number): Promise<number[]> {
  const delays: number[] = []
  const turns = pairs.map(({ a, b, fromA }) => {
    const sentAt: number[] = []
    b.socket.onPayload = (payload) => {
      const at = payload.length < messageBytes ? undefined : sentAt.shift()
      if (at !== undefined) delays.push(clock.now() - at)
    }
    return () => {
      sentAt.push(clock.now())
      a.socket.send(fromA)
    }
  })
  const startedAt = clock.now()
  let sent = 0
  while (clock.now() - startedAt < ms) {
    const due = ((clock.now() - startedAt) / 1_000) * perSecond
    for (; sent < due; sent++) turns[sent % turns.length]?.()
    await sleep(clock, 1)
  }
  await sleep(clock, 300)
  const warmUp = Math.floor(delays.length / 5)
  if (delays.length < sent) throw new Error(`${sent - delays.length} of ${sent} messages did not arrive.`)
  return delays.slice(warmUp)
}
