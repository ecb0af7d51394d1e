import { createIdentity, hostConvoy, joinConvoy, type Clock, type ConvoyOptions } from 'openconvoy'
import { LocalBot } from './localBot.ts'
import { makeConnector, type EngineChoice, type Impairment } from './connector.ts'
import { Script, type ScriptPlan } from './script.ts'

/** What a bot needs to know. Plain data, so that it can be made in another process. */
export interface BotRequest {
  readonly index: number
  readonly name: string
  readonly plan: ScriptPlan
  readonly engine: EngineChoice
  readonly impairment: Impairment
  readonly role: HostRole | JoinerRole
  /** Seed of its identity, in hexadecimal digits; a fresh identity where undefined. */
  readonly identitySeed?: string
}

interface HostRole {
  readonly kind: 'host'
  /** Address of the signaling service. */
  readonly signaling: string
  readonly lobbyName: string
  readonly maxPlayers: number
}

interface JoinerRole {
  readonly kind: 'joiner'
  readonly invite: string
}

/** Hosts or joins, and begins to drive. */
export async function makeLocalBot(
  request: BotRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<LocalBot> {
  const { index, name, plan, role, identitySeed } = request
  const script = new Script(plan)
  const connector = await makeConnector(request.engine, request.impairment, clock)
  const options: ConvoyOptions = {
    name,
    connector,
    clock,
    signal,
    ...(identitySeed === undefined
      ? {}
      : { identity: createIdentity({ seed: Buffer.from(identitySeed, 'hex') }) }),
  }
  if (role.kind === 'host') {
    const { lobbyName, maxPlayers } = role
    const convoy = await hostConvoy({
      ...options,
      rendezvous: role.signaling,
      rules: { lobbyName, maxPlayers, showServer: false },
    })
    return new LocalBot({ convoy, index, script, clock, joinMs: undefined })
  }
  const askedAt = clock.now()
  const convoy = await joinConvoy(role.invite, options)
  return new LocalBot({ convoy, index, script, clock, joinMs: clock.now() - askedAt })
}
