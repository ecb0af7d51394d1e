import type { Connector } from '../../lib/rtc/index.ts'

/** `connector`, with the kinds of all candidates that its connections offer noted in `kinds`. */
export function notingCandidates(connector: Connector, kinds: Set<string>): Connector {
  return {
    name: connector.name,
    connect: (options) =>
      connector.connect({
        ...options,
        handlers: {
          ...options.handlers,
          signal(signal) {
            const text = signal.type === 'candidate' ? signal.candidate : signal.sdp
            for (const [, kind = ''] of text.matchAll(/candidate:.* typ (\w+)/g)) kinds.add(kind)
            options.handlers.signal(signal)
          },
        },
      }),
  }
}
