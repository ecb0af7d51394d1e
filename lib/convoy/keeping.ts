import type { ReportSink } from '../evidence/index.ts'
import { mostBans, type Decision, type Session } from '../session/index.ts'
import type { ConvoyStore, StoredBan } from '../store/index.ts'

/** Keeps the bans of a session, so that a convoy that is founded later begins with them. */
export class KeptBans {
  readonly #session: Session
  readonly #store: ConvoyStore
  #last: Promise<void> = Promise.resolve()

  constructor(session: Session, store: ConvoyStore) {
    this.#session = session
    this.#store = store
  }

  /**
   * Bans, as the host that this peer is, whom earlier convoys had banned, as many as a record has room for; whoever came by an
   * invite of theirs is not meant.
   * @throws ConvoyError what reading the store, or deciding, throws.
   */
  async restore(signal?: AbortSignal): Promise<void> {
    const { clock, logger } = this.#session.environment
    const now = clock.wallTime()
    const kept = (await this.#store.bans.list()).flatMap(({ subject, ...ban }) =>
      subject.kind === 'invite' ? [] : [{ subject, ...ban }],
    )
    // Those that are newest matter most.
    const restored = kept.sort((a, b) => b.issuedAt - a.issuedAt).slice(0, mostBans)
    if (restored.length < kept.length)
      logger.warn('There are more bans in the store than a convoy can have.', {
        left: kept.length - mostBans,
      })
    for (const { subject, detail, expiresAt } of restored.reverse()) {
      const lastsMs = expiresAt === null ? null : Math.max(1, Math.round(expiresAt - now))
      await this.#session.moderation.decide({ type: 'banned', subject, detail, lastsMs }, signal)
    }
  }

  /** Keeps what is decided from now on. */
  follow(): void {
    this.#session.events.on('moderated', (entry) => {
      this.#last = this.#last
        .then(() => this.#keep(entry))
        .catch((error: unknown) => {
          this.#session.environment.logger.error('A ban could not be stored: it ends with this convoy.', {
            error,
          })
        })
    })
  }

  /** Resolves once everything is stored. */
  idle(): Promise<void> {
    return this.#last
  }

  async #keep({ change, signKey, at }: Decision): Promise<void> {
    if (change.type !== 'banned' && change.type !== 'unbanned') return
    const subject = storedSubject(change.subject)
    if (change.type === 'unbanned') return this.#store.bans.delete(subject)
    await this.#store.bans.put({
      subject,
      detail: change.detail,
      by: change.asked?.by ?? signKey,
      issuedAt: Math.round(at),
      expiresAt: change.lastsMs === null ? null : Math.round(at + change.lastsMs),
      sessionId: this.#session.record.sessionId,
    })
  }
}

/** Keeps the reports that come in a session in a store. */
export function sinkOf({ record }: Session, store: ConvoyStore): ReportSink {
  return {
    save: async (file, { id, reporter, subject, category, at }) => {
      const { sessionId, state } = record
      const { signKey } = subject
      const author = state.memberById(reporter.id)?.signKey ?? new Uint8Array(32)
      const summary = { id, sessionId, reporter: author, subject: signKey, category, filedAt: Math.round(at) }
      await store.reports.put(summary, file)
    },
  }
}

type RecordedSubject = Extract<Decision['change'], { type: 'banned' }>['subject']

function storedSubject(subject: RecordedSubject): StoredBan['subject'] {
  return subject.kind === 'invite' ? { kind: 'invite', invite: subject.secretHash } : subject
}
