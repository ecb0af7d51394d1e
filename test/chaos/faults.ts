import { setTimeout as sleep } from 'node:timers/promises'
import type { Lan } from './lan.ts'
import type { Fault } from './schedule.ts'
import type { Seat } from './seat.ts'
import type { Stage } from './stage.ts'

/**
 * How long after a fault its victim doesn't count as well yet, ms: the host replaces voters that it has not heard for 5 s, one
 * after the other, and whoever comes back has to become one again.
 */
const recoveryMs = 10_000

/** The same after one so short that nobody was replaced for it. */
const shortRecoveryMs = 2_000
const shortMs = 4_000

/** How often it is looked at whether enough are well again for the next fault, ms. */
const lookMs = 250

/** A fault that is due, with its victims. */
export interface Blow {
  readonly fault: Fault
  readonly victims: readonly Seat[]
  /** Whether one of them was host. */
  readonly hitsHost: boolean
}

/**
 * How many members may be unwell at a time. At most nine vote, an odd number of them, and who dies takes its vote along: were
 * more than half of the voters to die before others took their place, nobody could decide any more, ever.
 */
export function spareOf(living: number): number {
  const voters = Math.min(9, living % 2 === 1 ? living : living - 1)
  return Math.floor((voters - 1) / 2)
}

/**
 * Waits until enough are well, and picks victims.
 * @throws when `signal` aborts.
 */
export async function aim(stage: Stage, fault: Fault, signal: AbortSignal): Promise<Blow> {
  for (;;) {
    const blow = aimNow(stage, fault)
    if (blow !== undefined) return blow
    await sleep(lookMs, undefined, { signal })
  }
}

function aimNow(stage: Stage, fault: Fault): Blow | undefined {
  if (fault.kind === 'service') return { fault, victims: [], hitsHost: false }
  const living = stage.seats.filter(({ isDead }) => !isDead)
  const well = living.filter(({ isWell }) => isWell)
  const spare = spareOf(living.length) - (living.length - well.length)
  if (spare < 1) return undefined
  const host = stage.host()
  const others = well.filter((seat) => seat !== host)
  const first = Math.floor(fault.place * well.length)
  const count = fault.kind === 'split' ? 1 + Math.floor(fault.share * spare) : 1
  const inTurn = [...well.slice(first), ...well.slice(0, first)]
  const ordered = fault.host && host?.isWell === true ? [host, ...others] : inTurn
  const victims = ordered.slice(0, count)
  return { fault, victims, hitsHost: host !== undefined && victims.includes(host) }
}

/** Does it to its victims, and undoes it in the end, at once when `ending` aborts; resolves when that is done. */
export async function strike(stage: Stage, { fault, victims }: Blow, ending: AbortSignal): Promise<void> {
  const { kind, lastsMs } = fault
  const name = `${kind} ${Math.random()}`
  for (const { ailments } of victims) ailments.add(name)
  const undo = await begin(stage, fault, victims)
  await sleep(lastsMs, undefined, { signal: ending }).catch(() => undefined)
  await undo()
  const rest = kind === 'kill' || lastsMs > shortMs ? recoveryMs : shortRecoveryMs
  await sleep(rest, undefined, { signal: ending }).catch(() => undefined)
  for (const { ailments } of victims) ailments.delete(name)
}

async function begin(stage: Stage, { kind }: Fault, victims: readonly Seat[]): Promise<() => Promise<void>> {
  if (kind === 'service') return stage.killService()
  const [victim] = victims
  if (victim === undefined) throw new Error('There is nobody to do it to.')
  switch (kind) {
    case 'kill':
      await victim.die()
      return async () => stage.bring(victim)
    case 'leave-dead':
      victim.isDead = true
      await victim.die()
      return async () => undefined
    case 'stop':
      victim.isStopped = true
      victim.process?.stop()
      return async () => {
        victim.isStopped = false
        victim.process?.continue()
      }
    case 'cut':
      return lanOf(stage).cut(victim.number)
    case 'block':
      return lanOf(stage).block(victim.number, 'both')
    case 'deaf':
      return lanOf(stage).block(victim.number, 'in')
    case 'split':
      return lanOf(stage).split(victims.map(({ number }) => number))
  }
}

function lanOf({ lan }: Stage): Lan {
  if (lan === undefined) throw new Error('Faults of the network take machines with one of their own.')
  return lan
}
