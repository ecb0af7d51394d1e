// The program of one member, in a process of its own: see memberProcess.ts for the other end.
import { setTimeout as sleep } from 'node:timers/promises'
import { linkedTo } from '../../examples/bots/bot.ts'
import type { LocalBot } from '../../examples/bots/localBot.ts'
import { makeLocalBot } from '../../examples/bots/makeLocalBot.ts'
import { createSystemClock, emptyVehicleState, isConvoyError } from '../../lib/index.ts'
import { decisionText } from './decisions.ts'
import type { Answer, FromMember, MemberView, Question, ToMember } from './memberMessages.ts'

/** Pause before it asks once more to be let in, ms: what a friend at the keyboard takes. */
const askAgainMs = 1_000

const clock = createSystemClock()
const leaving = new AbortController()
let cast: ReadonlyMap<string, number> = new Map()
let bot: LocalBot | undefined
let running: Promise<void> = Promise.resolve()

process.on('message', (message: ToMember) => {
  switch (message.type) {
    case 'start':
      cast = new Map(message.cast)
      running = stay(message)
      break
    case 'ask':
      void answer(message.question).then((given) => tell({ type: 'answer', id: message.id, answer: given }))
      break
    case 'close':
      void leave()
      break
  }
})
// The run ends its members itself: Ctrl-C reaches the whole group, and a run that died is seen as this.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => void leave())

function tell(message: FromMember): void {
  if (process.connected) process.send?.(message, () => undefined)
}

/** Hosts or joins, and drives; whoever is thrown out or not let in asks again, for as long as the run lasts. */
async function stay({ request }: Extract<ToMember, { type: 'start' }>): Promise<void> {
  while (!leaving.signal.aborted) {
    try {
      const made = await makeLocalBot(request, clock, leaving.signal)
      bot = made
      await stayedIn(made)
      bot = undefined
      await made.close()
    } catch (error) {
      const code = isConvoyError(error) ? error.code : 'internal'
      if (code !== 'aborted') tell({ type: 'refused', code, message: String(error) })
    }
    await sleep(askAgainMs, undefined, { signal: leaving.signal }).catch(() => undefined)
  }
}

/** Until the convoy is over for this member, be it that it leaves. */
function stayedIn({ convoy }: LocalBot): Promise<void> {
  tell({ type: 'ready', invite: convoy.invite })
  convoy.on('removed', ({ reason, detail, code }) =>
    tell({ type: 'removed', reason, detail, ...(code === undefined ? {} : { code }) }),
  )
  convoy.on('hostChanged', ({ epoch, host }) => tell({ type: 'hostChanged', epoch, hostId: host.id }))
  return new Promise((resolve) => {
    convoy.on('closed', resolve)
    leaving.signal.addEventListener('abort', () => resolve())
    if (leaving.signal.aborted) resolve()
  })
}

async function answer(question: Question): Promise<Answer> {
  if (question.type === 'view') return { view: bot === undefined ? null : viewOf(bot) }
  if (bot === undefined) return { code: 'closed' }
  try {
    const { convoy } = bot
    if (question.type === 'ban') await convoy.ban(question.memberId)
    else await convoy.setRules({ welcomeMessage: decisionText(question.decision) })
    return { code: null }
  } catch (error) {
    return { code: isConvoyError(error) ? error.code : String(error) }
  }
}

const truth = emptyVehicleState()

function viewOf({ convoy, script }: LocalBot): MemberView {
  const { epoch, state, voters } = convoy.authority
  const { committed, digest } = convoy.stats().record
  const now = clock.now()
  const time = script.timeAt(now)
  return {
    memberId: convoy.self.id,
    isHost: convoy.isHost,
    hostId: convoy.host.id,
    epoch,
    state,
    voters,
    roster: convoy.members.map(({ id, slot, name }) => ({ id, slot, name })),
    linkedTo: linkedTo(convoy),
    rules: convoy.rules,
    record: { committed, digest },
    vehicles: convoy.vehicles.sample(now).flatMap(({ memberId, state: shown, opacity }) => {
      const driver = script.drivers[cast.get(memberId) ?? -1]
      if (driver === undefined || opacity < 1) return []
      driver.stateAt(time, truth)
      const errorCm = 100 * Math.hypot(shown.x - truth.x, shown.y - truth.y, shown.z - truth.z)
      return [{ memberId, errorCm: Math.round(errorCm) }]
    }),
  }
}

async function leave(): Promise<void> {
  leaving.abort()
  await bot?.close()
  await running
  if (process.connected) process.disconnect()
}
