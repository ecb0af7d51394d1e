import { fromUtf8, systemRandom, utf8 } from '../../../lib/core/index.ts'
import { webSocketRendezvous, type Rendezvous, type Route } from '../../../lib/rendezvous/index.ts'
import type { MeshOptions, SignalingOptions, SignalingService } from '../../../signaling/index.ts'
import { foundSession, watch } from '../../compliance/rendezvous.ts'
import { Bench, clock, until } from '../support.ts'

/** Real services on this machine that form a mesh, and clients of them; closed after each test. */
export class MeshBench {
  readonly bench = new Bench()
  readonly #rendezvous: Rendezvous[] = []

  service(mesh: MeshOptions = {}, options: Partial<SignalingOptions> = {}): Promise<SignalingService> {
    return this.bench.service({ stunPort: null, mesh, ...options })
  }

  /** Services of which each is told of the one before it, and of no other. */
  async line(count: number): Promise<SignalingService[]> {
    const line: SignalingService[] = []
    for (let index = 0; index < count; index++) {
      const before = line.at(-1)
      line.push(await this.service({ peers: before === undefined ? [] : addressOf(before) }))
    }
    return line
  }

  at(url: string): Rendezvous {
    const one = webSocketRendezvous(url, { clock, random: systemRandom })
    this.#rendezvous.push(one)
    return one
  }

  /** A host that answers whatever it hears. */
  async host(url: string, lobbyName: string | null = null) {
    const session = foundSession(clock)
    const hosted = await this.at(url).announce(await session.announcement({ lobbyName }))
    const routes: Route[] = []
    hosted.on('route', (route) => {
      routes.push(route)
      route.on('message', (message) => route.send(utf8(`echo ${fromUtf8(message)}`)))
    })
    return { sessionId: session.sessionId, hosted, routes }
  }

  async close(): Promise<void> {
    await Promise.all(this.#rendezvous.splice(0).map((one) => one.close()))
    await this.bench.close()
  }
}

/** Reaches a session, says something and hears the answer. */
export async function talk(joiner: Rendezvous, sessionId: Uint8Array, text = 'hello'): Promise<string> {
  const { route } = await joiner.reach(sessionId)
  const seen = watch(route)
  route.send(utf8(text))
  await until(() => seen.texts.length === 1)
  route.close()
  return seen.texts[0]!
}

/** Where others dial it, with its id. */
export function addressOf(service: SignalingService): string[] {
  return service.mesh!.addresses().slice(0, 1)
}

export const others = (service: SignalingService): number => service.stats().mesh!.services
export const remote = (service: SignalingService): number => service.stats().mesh!.sessions
