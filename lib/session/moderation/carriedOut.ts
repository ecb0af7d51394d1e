import { fromHex, toHex } from '../../core/index.ts'
import { peekEnvelope } from '../../identity/index.ts'
import { mostCarriedOut } from './constants.ts'
import type { Asked } from './moderationChanges.ts'
import type { ModerationContents } from './moderationContents.ts'

/**
 * Which requests were carried out, so that none is twice ([MOD-5]). The last ones are known by their ids; what was asked for
 * when one of the others was, or before, may have been.
 */
export class CarriedOut {
  /** When each was made, by id, in the order in which they were carried out. */
  readonly #askedAt = new Map<string, number>()
  #upTo = 0

  /** Why a request is not carried out; undefined where it may be. */
  objection({ id, request }: Asked): string | undefined {
    if (this.#askedAt.has(toHex(id))) return 'It was carried out already.'
    const askedAt = peekEnvelope(request)?.issuedAt
    const isOld = askedAt !== undefined && askedAt <= this.#upTo
    return isOld ? 'It was asked for too long ago. Ask again.' : undefined
  }

  add({ id, request }: Asked): void {
    this.#askedAt.set(toHex(id), peekEnvelope(request)?.issuedAt ?? 0)
    if (this.#askedAt.size <= mostCarriedOut) return
    for (const [oldest, askedAt] of this.#askedAt) {
      this.#askedAt.delete(oldest)
      this.#upTo = Math.max(this.#upTo, askedAt)
      return
    }
  }

  contents(): Pick<ModerationContents, 'carriedOut' | 'askedUpTo'> {
    const carriedOut = [...this.#askedAt].map(([id, askedAt]) => ({ id: fromHex(id), askedAt }))
    return { carriedOut, askedUpTo: this.#upTo }
  }

  restore({ carriedOut, askedUpTo }: Pick<ModerationContents, 'carriedOut' | 'askedUpTo'>): void {
    for (const { id, askedAt } of carriedOut) this.#askedAt.set(toHex(id), askedAt)
    this.#upTo = askedUpTo
  }
}
