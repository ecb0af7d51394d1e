import type { PeerId } from '@libp2p/interface'
import { silentLogger, type Logger } from '../../core/index.ts'
import { providersAsked } from './constants.ts'
import { contentKeyOf } from './keys.ts'
import type { ConvoyNode } from './node.ts'

/** Finds hosts where no known address leads to them: a hash table that says which peers hold a session ([P2P-12]). */
export class Search {
  readonly #node: ConvoyNode
  readonly #logger: Logger

  constructor(node: ConvoyNode, logger: Logger = silentLogger) {
    this.#node = node
    this.#logger = logger
  }

  /** Tells that this peer holds a session. Never throws: who knows an address needs no search. */
  async provide(sessionId: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      await this.#node.contentRouting.provide(contentKeyOf(sessionId), { signal })
    } catch (error) {
      if (!signal.aborted) this.#logger.info('The hash table of libp2p did not take a session.', { error })
    }
  }

  /** No longer tells it; what others remember fades, and whoever asks here is told that there is no such session. */
  async withdraw(sessionId: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      await this.#node.contentRouting.cancelReprovide(contentKeyOf(sessionId), { signal })
    } catch (error) {
      if (!signal.aborted) this.#logger.debug('A session stays in the hash table for a while.', { error })
    }
  }

  /** The peers that say they hold a session, other than this one, as they are found. */
  async *holders(sessionId: Uint8Array, signal: AbortSignal): AsyncGenerator<PeerId> {
    const seen = new Set<string>([this.#node.peerId.toString()])
    try {
      for await (const { id, multiaddrs } of this.#node.contentRouting.findProviders(
        contentKeyOf(sessionId),
        {
          signal,
        },
      )) {
        if (seen.has(id.toString())) continue
        seen.add(id.toString())
        if (multiaddrs.length > 0) await this.#node.peerStore.merge(id, { multiaddrs })
        yield id
        if (seen.size > providersAsked) return
      }
    } catch (error) {
      if (!signal.aborted) this.#logger.info('The hash table of libp2p could not be searched.', { error })
    }
  }
}
