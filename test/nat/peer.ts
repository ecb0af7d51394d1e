// The program of one peer, in its own process and network namespace: see peerProcess.ts for the other end.
import { isConvoyError } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import { startConvoyPeer } from './convoyPeer.ts'
import { startLinkPeer } from './linkPeer.ts'
import type { FromPeer, PeerTask, ToPeer } from './peerMessages.ts'
import type { PeerRole } from './peerRole.ts'

const leaving = new AbortController()
const earlySignals: Signal[] = []
let takeSignal = (signal: Signal): void => void earlySignals.push(signal)
let role: PeerRole | undefined

process.on('message', (message: ToPeer) => {
  switch (message.type) {
    case 'start':
      void start(message.task)
      break
    case 'signal':
      takeSignal(message.signal)
      break
    case 'send':
      void role?.send().then(() => tell({ type: 'sent' }))
      break
    case 'measure':
      if (role !== undefined) tell({ type: 'measured', measures: role.measure() })
      break
    case 'moved':
      role?.moved?.()
      break
    case 'close':
      void leave()
      break
  }
})
// The test ends its peers itself: Ctrl-C reaches the whole group, and a test that died is seen as this.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => void leave())

function tell(message: FromPeer): void {
  if (process.connected) process.send?.(message)
}

async function start(task: PeerTask): Promise<void> {
  const startedAt = performance.now()
  const tookMs = (): number => Math.round(performance.now() - startedAt)
  try {
    role =
      task.role === 'link'
        ? await startLinkPeer(
            task,
            {
              send: (signal) => tell({ type: 'signal', signal }),
              onSignal(handler) {
                takeSignal = handler
                for (const signal of earlySignals.splice(0)) handler(signal)
              },
            },
            leaving.signal,
          )
        : await startConvoyPeer(task, leaving.signal)
    tell({ type: 'ready', tookMs: tookMs(), invite: role.invite })
    if (leaving.signal.aborted) await role.close()
  } catch (error) {
    const code = isConvoyError(error) ? error.code : 'internal'
    const message = error instanceof Error ? error.message : String(error)
    tell({ type: 'failed', tookMs: tookMs(), code, message })
  }
}

async function leave(): Promise<void> {
  leaving.abort()
  await role?.close()
  if (process.connected) process.disconnect()
}
