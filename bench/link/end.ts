// The program of one end of a pair: see pair.ts for what directs both.
import { setTimeout as sleep } from 'node:timers/promises'
import { createSystemClock } from '../../lib/core/index.ts'
import { enginePipes } from './enginePipe.ts'
import { parentProcess } from '../processes/parent.ts'
import type { EndResult, FromEnd, Load, ToEnd } from './messages.ts'
import { ourPipes } from './ourPipe.ts'
import type { Pipe } from './pipe.ts'

/** About a truck with a trailer, and the frame around it. */
const payload = new Uint8Array(64).fill(0x5a)

const clock = createSystemClock()
const takeSignal: ((signal: unknown) => void)[] = []
const earlySignals: unknown[][] = []
const pipes: Pipe[] = []
let received = 0

const parent = parentProcess<FromEnd>()
process.on('message', (message: ToEnd) => {
  switch (message.type) {
    case 'open':
      void parent.answer(open(message), () => ({ type: 'opened' }))
      break
    case 'signal':
      if (takeSignal[message.pipe] === undefined) (earlySignals[message.pipe] ??= []).push(message.signal)
      else takeSignal[message.pipe]?.(message.signal)
      break
    case 'load':
      void parent.answer(load(message.load), (result) => ({ type: 'loaded', result }))
      break
  }
})

async function open({
  contender,
  engine,
  initiator,
  pipes: count,
}: Extract<ToEnd, { type: 'open' }>): Promise<void> {
  const openPipe = await (contender === 'ours' ? ourPipes : enginePipes)(engine)
  const opening = Array.from({ length: count }, (_, index) => {
    const pipe = pipes.length + index
    return openPipe({
      initiator,
      signal: (signal) => parent.tell({ type: 'signal', pipe, signal }),
      onSignal(handler) {
        takeSignal[pipe] = handler
        for (const signal of earlySignals[pipe]?.splice(0) ?? []) handler(signal)
      },
      received: () => {
        received++
      },
    })
  })
  pipes.push(...(await Promise.all(opening)))
}

async function load({ rate, warmUpMs, measureMs, settleMs }: Load): Promise<EndResult> {
  const stop = clock.every(1_000 / rate, () => {
    for (const pipe of pipes) pipe.send(payload)
  })
  await sleep(warmUpMs)
  const before = { received, cpu: process.cpuUsage(), at: clock.now() }
  await sleep(measureMs)
  const cpu = process.cpuUsage(before.cpu)
  const result = {
    received: received - before.received,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    elapsedMs: clock.now() - before.at,
  }
  stop()
  await sleep(settleMs)
  return result
}
