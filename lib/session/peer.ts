import type { Unsubscribe } from '../core/index.ts'
import type { LinkCloseReason, StateHandler } from '../rtc/index.ts'
import type { ControlHandler, ControlLink } from './controlLink.ts'
import type { ControlMessage } from './controlMessages.ts'
import type { Presence } from './member.ts'
import type { RecordMember } from './recordState.ts'

/** What a peer tells the session. */
export interface PeerHandlers {
  control: ControlHandler
  state: StateHandler
  presence(): void
  /** Its link is over and all it brought was acted on; with the reason that the link gave. */
  closed(reason: LinkCloseReason, wasAdmitted: boolean): void
}

/** Another member and the link to it, where there is one. */
export class Peer {
  readonly member: RecordMember
  /** Whether its ticket was checked, or the host itself vouched for it: before that nothing it says counts. */
  admitted = false
  /** Whether it said that it goes. */
  saidGoodbye = false
  /** Id of the member that forwards its vehicle, while one does. */
  via: string | undefined
  /** The presence that listeners know of. */
  toldPresence: Presence = 'connecting'
  #control: ControlLink | undefined
  #unsubscribe: Unsubscribe[] = []
  #lost = false

  constructor(member: RecordMember) {
    this.member = member
  }

  /** The link, while there is one. */
  get control(): ControlLink | undefined {
    return this.#control
  }

  get presence(): Presence {
    if (this.#control === undefined) return this.#lost ? 'away' : 'connecting'
    if (this.#control.link.state === 'suspect') return 'suspect'
    return this.admitted ? 'connected' : 'connecting'
  }

  get pingMs(): number | undefined {
    return this.#control?.link.quality().rttMs
  }

  /** Takes a link that just opened; a former one is closed. */
  attach(control: ControlLink, admitted: boolean, handlers: PeerHandlers): void {
    this.close()
    this.#control = control
    this.admitted = admitted
    this.#lost = false
    this.saidGoodbye = false
    const { link } = control
    this.#unsubscribe = [
      link.on('suspect', () => handlers.presence()),
      link.on('recovered', () => handlers.presence()),
    ]
    link.onState(handlers.state)
    control.onMessage(handlers.control)
    control.onClosed((reason) => {
      const wasAdmitted = this.admitted
      this.#release()
      this.#lost = true
      handlers.closed(reason, wasAdmitted)
    })
  }

  /** Says a last word and gives up the link, which closes once it was read; the handlers are told no more. */
  dismiss(lastWord: ControlMessage): void {
    const control = this.#control
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    this.#control = undefined
    this.admitted = false
    control?.link.onState(() => undefined)
    void control?.dismiss(lastWord)
  }

  /** Closes the link, without telling the handlers. Idempotent. */
  close(): void {
    const link = this.#control?.link
    this.#release()
    link?.close()
  }

  #release(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    this.#control?.detach()
    this.#control = undefined
    this.admitted = false
  }
}
