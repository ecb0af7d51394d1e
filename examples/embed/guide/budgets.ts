import { isConvoyError, type Budgets, type Channel, type Convoy } from 'openconvoy'

/** For a host on a small machine: fewer strangers at a time, and fewer signatures of all members together. */
export const smallMachine: Partial<Budgets> = {
  knocksAtOnce: 4,
  strangerMessagesPerSecond: 5,
  verificationsInAllPerSecond: 50,
}

/** Sends now or says that it has to wait; anything else that goes wrong is a mistake of the program. */
export function trySend<Message>(channel: Channel<Message>, message: Message): 'sent' | 'wait' {
  try {
    channel.send(message)
    return 'sent'
  } catch (error) {
    if (isConvoyError(error, 'rate-limited') || isConvoyError(error, 'backlog-full')) return 'wait'
    throw error
  }
}

/** Who sends more than it may, by what was dropped of theirs: for the eyes of a moderator. */
export function whoFloods(convoy: Convoy): string[] {
  const { links, members } = convoy.stats()
  const rates = ['flood', 'control-flood', 'channel-rate', 'signal-rate', 'signal-rate-limited']
  const floods = [...links, ...members].filter(({ dropped }) =>
    rates.some((name) => (dropped[name] ?? 0) > 0),
  )
  return [...new Set(floods.map(({ memberId }) => memberId))]
}
