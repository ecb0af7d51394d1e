import { isNeighbour, type Session } from '../session/index.ts'
import { askedBonus, askedWithinMetres, speakersAsked, speakersAskedMs, vehiclesAsked } from './constants.ts'
import { sendEvidence } from './evidenceMessages.ts'

/** What is known of members that may be asked. */
export interface AskingSurroundings {
  readonly session: Session
  /** Metres to a member's vehicle; undefined while one of both is not placed. */
  distanceTo(memberId: string): number | undefined
  /** When a member said something last, local ms. */
  spokeAt(memberId: string): number
}

/** Asks for digests those whose vehicles are near, and those who speak ([EVD-2]). */
export class Asking {
  readonly #around: AskingSurroundings
  readonly #asked = new Set<string>()

  constructor(around: AskingSurroundings) {
    this.#around = around
  }

  /** Whether digests of a member are of use here. */
  awaits(memberId: string): boolean {
    return this.#asked.has(memberId)
  }

  /** The link to a member is gone, and with it what it was asked. */
  forget(memberId: string): void {
    this.#asked.delete(memberId)
  }

  /** Asks whom it should by now, and no longer others. */
  review(now: number): void {
    const wanted = this.#wanted(now)
    for (const memberId of [...this.#asked]) {
      if (wanted.has(memberId)) continue
      this.#asked.delete(memberId)
      sendEvidence(this.#around.session, memberId, { type: 'ask', on: false })
    }
    for (const memberId of wanted) {
      if (this.#asked.has(memberId)) continue
      this.#asked.add(memberId)
      sendEvidence(this.#around.session, memberId, { type: 'ask', on: true })
    }
  }

  #wanted(now: number): Set<string> {
    const neighbours = [...this.#around.session.peers()].filter(isNeighbour).map(({ member }) => member)
    const near = neighbours
      .filter(({ vehicleClass }) => vehicleClass !== null)
      .map(({ id }) => ({ id, metres: this.#metresTo(id) }))
      .filter(({ metres }) => metres === undefined || metres <= askedWithinMetres)
      .sort((a, b) => (a.metres ?? askedWithinMetres) - (b.metres ?? askedWithinMetres))
      .slice(0, vehiclesAsked)
    const speakers = neighbours
      .map(({ id }) => ({ id, at: this.#around.spokeAt(id) }))
      .filter(({ at }) => now - at < speakersAskedMs)
      .sort((a, b) => b.at - a.at)
      .slice(0, speakersAsked)
    return new Set([...near, ...speakers].map(({ id }) => id))
  }

  #metresTo(id: string): number | undefined {
    const metres = this.#around.distanceTo(id)
    return metres !== undefined && this.#asked.has(id) ? metres * askedBonus : metres
  }
}
