import type { Introducer } from './introducer.ts'
import {
  answerWaiting,
  type CheckedAnnouncement,
  type HeldSession,
  type SessionDirectory,
} from './sessionDirectory.ts'
import type { ClientPort, ServicePort, SwitchboardSocket } from './switchboardClient.ts'

/** What a {@link ServiceDesk} works with. */
export interface ServiceDeskOptions {
  directory: SessionDirectory
  introducer: Introducer
  accept: (port: ClientPort) => SwitchboardSocket
}

/** A client behind which another service stands. */
export interface ServiceSocket extends SwitchboardSocket {
  /**
   * Puts up what was checked.
   * @returns whether it is up now: not where something newer is; `wait` where its host may bring it here itself.
   */
  putUp(checked: CheckedAnnouncement): boolean | 'wait'
  /** Takes down what it put up, by its id in hexadecimal; nothing where it did not. */
  takeDown(key: string): void
}

/** What a switchboard offers to a mesh of services: its sessions are told to others, and theirs put up in it. */
export class ServiceDesk {
  readonly #options: ServiceDeskOptions

  constructor(options: ServiceDeskOptions) {
    this.#options = options
  }

  /** Takes another service in the place of a client. */
  accept(port: ClientPort & { service: ServicePort }): ServiceSocket {
    const { directory, introducer } = this.#options
    const socket = this.#options.accept(port)
    const { client } = socket
    return {
      ...socket,
      putUp(checked) {
        if (client.gone) return false
        const result = introducer.put(client, checked, null)
        if (typeof result === 'string') return result === 'wait' ? 'wait' : false
        answerWaiting(result.entry, client)
        return true
      },
      takeDown(key) {
        if (client.sessions.has(key)) directory.remove(key)
      },
    }
  }

  /** A session that is held here, by its id in hexadecimal; undefined for those of other services. */
  held(key: string): HeldSession | undefined {
    return this.#options.directory.held(key)
  }

  /** The ids, in hexadecimal, of all that are. */
  heldKeys(): string[] {
    return this.#options.directory.heldKeys()
  }

  /** Has whoever asks for an unknown session wait a little while `settling` says that others are still telling of theirs. */
  waitWhile(settling: () => boolean): void {
    this.#options.introducer.settling = settling
  }

  /** Has `listener` told of every session held here that was put up, went down or whose host went away; nobody where undefined. */
  onChange(listener: ((key: string) => void) | undefined): void {
    this.#options.directory.changed = listener ?? (() => {})
  }
}
