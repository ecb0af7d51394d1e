import type { Signal } from '../protocol/index.ts'
import type { IceServer } from './connection.ts'
import { relayServers } from './relayOnly.ts'

/**
 * What came of relays where no connection came about: there was no TURN server (`none`); it gave this side no relay (`refused`);
 * it did, and the other side was not reached over it either (`given`).
 */
export type RelayFinding = 'none' | 'refused' | 'given'

/** Watches whether TURN servers give relays, to say why a link failed ([NAT-12]): engines don't tell, or each in its own way. */
export class RelayWatch {
  readonly #servers: () => readonly IceServer[]
  #given = false

  constructor(servers: () => readonly IceServer[]) {
    this.#servers = servers
  }

  /** Takes note of what this side is about to send. */
  note(signal: Signal): void {
    this.#given ||= / typ relay\b/.test(signal.type === 'candidate' ? signal.candidate : signal.sdp)
  }

  get finding(): RelayFinding {
    if (this.#given) return 'given'
    return relayServers(this.#servers()).length === 0 ? 'none' : 'refused'
  }

  /** The rest of a sentence: what to do about it. */
  advice(): string {
    switch (this.finding) {
      case 'none':
        return 'check that UDP is let through, or add a TURN server.'
      case 'refused': {
        const servers = relayServers(this.#servers()).flatMap(({ urls }) => urls)
        return (
          `no direct way was found, and no relay was given by ${servers.slice(0, 3).join(', ')}. It is down or not reached from here, or ` +
          'its credentials have expired or are those of another server: "openconvoy doctor network" tells which.'
        )
      }
      case 'given':
        return 'not even through the relay that the TURN server gave. Most likely the other side reaches no TURN server.'
    }
  }
}
