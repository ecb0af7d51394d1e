import type { RTCDtlsTransport } from 'werift'

/** How long an offer or answer waits for candidates, ms: STUN and TURN that are there answer sooner; what comes later is trickled. */
const gatherWaitMs = 400

/**
 * The same while no server at all has answered, which is how a network without UDP looks: werift asks a TURN server over TCP only
 * once UDP has failed, after some 7 s, and without that relay ICE would have given up by then. Below an attempt's 10 s.
 */
const silentWaitMs = 8_000

/** Between two looks, ms. */
const lookEveryMs = 200

interface Protocol {
  readonly type: string
  close(): Promise<void>
}

/** What is reached into: not part of werift's types, so guarded by tests that fail when it changes. */
interface Agent {
  readonly state: string
  readonly protocols: readonly Protocol[]
  readonly checkList: readonly { readonly protocol: Protocol }[]
  readonly localCandidates: readonly { readonly type: string }[]
  getCandidatePromises?(addresses: string[], timeout?: number): Promise<unknown>[]
  pairLocalProtocol(protocol: Protocol): void
}

/**
 * Keeps servers that don't answer from holding up everything. werift 0.25 hands out no description before every server has
 * answered or been given up: with a TURN server that is down, or that refuses the credentials, not within 10 s. A relay that
 * comes later it would tell the other side of, but never try itself.
 */
export function guardGathering(transport: RTCDtlsTransport): void {
  const agent = transport.iceTransport.connection as unknown as Agent
  const begin = agent.getCandidatePromises?.bind(agent)
  if (begin === undefined || typeof agent.pairLocalProtocol !== 'function') return
  agent.getCandidatePromises = (addresses, timeout) =>
    begin(addresses, timeout).map((candidate) =>
      withinWait(agent, candidate, (isLate) => takeRelays(agent, isLate)),
    )
}

function withinWait(
  agent: Agent,
  candidate: Promise<unknown>,
  found: (isLate: boolean) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let isLate = false
    let waitedMs = gatherWaitMs
    const look = (): void => {
      const isAnswered = agent.localCandidates.some(({ type }) => type !== 'host')
      if (!isAnswered && agent.state !== 'closed' && waitedMs < silentWaitMs) {
        waitedMs += lookEveryMs
        timer = setTimeout(look, lookEveryMs).unref()
        return
      }
      isLate = true
      resolve(undefined)
    }
    let timer = setTimeout(look, gatherWaitMs).unref()
    candidate.then(
      (value) => {
        clearTimeout(timer)
        if (value !== undefined) found(isLate)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

// A relay that is given to a connection which was closed meanwhile would be kept, and renewed, for good.
function takeRelays(agent: Agent, isLate: boolean): void {
  for (const protocol of agent.protocols) {
    if (protocol.type !== 'turn') continue
    const isPaired = agent.checkList.some((pair) => pair.protocol === protocol)
    if (agent.state === 'closed') protocol.close().catch(() => {})
    else if (isLate && !isPaired) agent.pairLocalProtocol(protocol)
  }
}
