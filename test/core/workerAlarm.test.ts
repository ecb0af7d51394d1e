import { beforeEach, describe, expect, it } from 'vitest'
import { createWorkerAlarm, idleWorkerMs, type AlarmWorker } from '../../lib/core/workerAlarm.ts'
import type { Alarm } from '../../lib/core/timerQueue.ts'

class FakeWorker implements AlarmWorker {
  onmessage: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly posted: number[] = []
  terminated = false

  postMessage(delayMs: number): void {
    this.posted.push(delayMs)
  }

  terminate(): void {
    this.terminated = true
  }

  /** As its script does at its start, and whenever a delay is over. */
  message(): void {
    this.onmessage?.({} as never)
  }

  /** As when a content security policy forbids it. */
  fail(): void {
    this.onerror?.({} as never)
  }
}

describe('createWorkerAlarm', () => {
  let workers: FakeWorker[]
  let pageTimeouts: Map<number, { callback: () => void; delayMs: number }>
  let rings: number
  let setAlarm: Alarm
  /** What the timer queue does at a ring: sets the alarm for what is left. */
  let leftMs: number | undefined
  let refuseWorkers: boolean

  beforeEach(() => {
    workers = []
    pageTimeouts = new Map()
    rings = 0
    leftMs = undefined
    refuseWorkers = false
    let lastTimeout = 0
    const environment = {
      createWorker: () => {
        if (refuseWorkers) throw new Error('refused')
        const worker = new FakeWorker()
        workers.push(worker)
        return worker
      },
      setTimeout: (callback: () => void, delayMs: number) => {
        pageTimeouts.set(++lastTimeout, { callback, delayMs })
        return lastTimeout
      },
      clearTimeout: (timeout: unknown) => {
        pageTimeouts.delete(timeout as number)
      },
    }
    setAlarm = createWorkerAlarm(environment, () => {
      rings++
      setAlarm(leftMs)
    })
  })

  const pageDelays = (): number[] => [...pageTimeouts.values()].map(({ delayMs }) => delayMs)

  function passPageTimeout(delayMs: number): void {
    const found = [...pageTimeouts].find(([, timeout]) => timeout.delayMs === delayMs)
    expect(found).toBeDefined()
    pageTimeouts.delete(found![0])
    found![1].callback()
  }

  it('starts no worker before the first alarm', () => {
    setAlarm(undefined)
    expect(workers).toHaveLength(0)
    setAlarm(10)
    expect(workers).toHaveLength(1)
  })

  it('rings from the page until the worker runs, then from the worker', () => {
    setAlarm(40)
    expect(pageDelays()).toEqual([40])
    expect(workers[0]!.posted).toEqual([])

    leftMs = 30
    workers[0]!.message()
    expect(pageDelays()).toEqual([])
    expect(workers[0]!.posted).toEqual([30])

    leftMs = 20
    workers[0]!.message()
    expect(workers[0]!.posted).toEqual([30, 20])
    expect(rings).toBe(2)
  })

  it('rings from the page where workers are refused at once', () => {
    refuseWorkers = true
    setAlarm(40)
    passPageTimeout(40)
    expect(rings).toBe(1)
    setAlarm(10)
    expect(pageDelays()).toEqual([10])
  })

  it('carries what waits over to the page when the worker fails later', () => {
    setAlarm(40)
    leftMs = 35
    workers[0]!.fail()
    expect(workers[0]!.terminated).toBe(true)
    expect(pageDelays()).toEqual([35])
    setAlarm(10)
    expect(workers).toHaveLength(1)
    expect(pageDelays()).toEqual([10])
  })

  it('carries over also what a worker was ringing for already', () => {
    setAlarm(40)
    leftMs = 30
    workers[0]!.message()
    leftMs = 25
    workers[0]!.fail()
    expect(pageDelays()).toEqual([25])
  })

  it('keeps ringing when the worker neither starts nor fails', () => {
    setAlarm(40)
    leftMs = 10
    passPageTimeout(40)
    passPageTimeout(10)
    expect(rings).toBe(2)
  })

  it('ends an idle worker, and starts another at the next alarm', () => {
    setAlarm(40)
    workers[0]!.message()
    expect(workers[0]!.posted).toEqual([-1])
    expect(pageDelays()).toEqual([idleWorkerMs])
    passPageTimeout(idleWorkerMs)
    expect(workers[0]!.terminated).toBe(true)
    expect(pageTimeouts.size).toBe(0)

    setAlarm(40)
    expect(workers).toHaveLength(2)
  })

  it('keeps a worker that has a new alarm before it was idle for long', () => {
    setAlarm(40)
    workers[0]!.message()
    setAlarm(50)
    expect(pageTimeouts.size).toBe(0)
    expect(workers[0]!.posted).toEqual([-1, 50])
    expect(workers[0]!.terminated).toBe(false)
  })

  it('never asks for more than a timeout can count', () => {
    setAlarm(1e15)
    expect(pageDelays()).toEqual([2 ** 31 - 1])
  })
})
