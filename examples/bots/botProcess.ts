// The main of a bot in a process of its own: see processBot.ts for the other end.
import { createSystemClock } from 'openconvoy'
import { messageOf } from './fleet.ts'
import type { LocalBot } from './localBot.ts'
import { makeLocalBot } from './makeLocalBot.ts'
import type { FromBotProcess, ToBotProcess } from './processMessages.ts'

const leaving = new AbortController()
let bot: LocalBot | undefined

const tell = (message: FromBotProcess): void => {
  if (process.connected) process.send?.(message)
}

process.on('message', (message: ToBotProcess) => {
  switch (message.type) {
    case 'start':
      void makeLocalBot(message.request, createSystemClock(), leaving.signal).then(
        (made) => {
          bot = made
          if (leaving.signal.aborted) return void leave()
          tell({ type: 'ready', memberId: made.memberId, invite: made.invite, joinMs: made.joinMs })
        },
        (error: unknown) => {
          tell({ type: 'failed', message: messageOf(error) })
          void leave()
        },
      )
      break
    case 'measure':
      bot?.startMeasuring(new Map(message.cast))
      break
    case 'snapshot':
      if (bot !== undefined) tell({ type: 'snapshot', snapshot: bot.measured() })
      break
    case 'close':
      void leave()
      break
  }
})
// The program closes its bots itself: Ctrl-C reaches the whole group, and a program that died is seen as this.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => void leave())

async function leave(): Promise<void> {
  leaving.abort()
  await bot?.close()
  if (process.connected) process.disconnect()
}
