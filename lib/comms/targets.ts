import { ConvoyError } from '../core/index.ts'
import type { ChannelTarget } from './channel.ts'
import type { ChannelSurroundings } from './channelHub.ts'

/**
 * Ids of the other members that `target` means right now.
 * @throws ConvoyError `invalid-argument` for who is not another member, or a distance that is none.
 */
export function targetsOf(
  target: ChannelTarget,
  { session, describe }: Pick<ChannelSurroundings, 'session' | 'describe'>,
): string[] {
  if (typeof target === 'string') return targetsOf([target], { session, describe })
  if (isList(target)) {
    for (const id of target) {
      if (session.peer(id) !== undefined) continue
      throw new ConvoyError(
        'invalid-argument',
        `There is no other member "${id}". Take ids from convoy.members.`,
      )
    }
    return [...new Set(target)]
  }
  const others = [...session.peers()].map(({ member }) => member)
  if (!('within' in target)) return others.map(({ id }) => id)
  const { within } = target
  if (!(within > 0)) throw new ConvoyError('invalid-argument', '"within" is a distance in metres above 0.')
  return others
    .filter((member) => {
      const { distance } = describe(member)
      return distance !== undefined && distance <= within
    })
    .map(({ id }) => id)
}

// Array.isArray alone doesn't narrow a union with a readonly array.
const isList = (target: ChannelTarget): target is readonly string[] => Array.isArray(target)
