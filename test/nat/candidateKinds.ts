import type { Connector } from '../../lib/rtc/index.ts'

/** What candidates and descriptions of a peer told others. */
export interface Told {
  readonly kinds: Set<string>
  readonly addresses: Set<string>
}

/** `connector`, with what its connections tell noted in `told`. */
export function notingCandidates(connector: Connector, told: Told): Connector {
  return {
    name: connector.name,
    connect: (options) =>
      connector.connect({
        ...options,
        handlers: {
          ...options.handlers,
          signal(signal) {
            const text = signal.type === 'candidate' ? signal.candidate : signal.sdp
            for (const [, kind = ''] of text.matchAll(/candidate:.* typ (\w+)/g)) told.kinds.add(kind)
            for (const [address] of text.matchAll(/\b(?:\d{1,3}\.){3}\d{1,3}\b/g)) told.addresses.add(address)
            options.handlers.signal(signal)
          },
        },
      }),
  }
}
