import * as v from 'valibot'
import type { Channel, Convoy, Unsubscribe } from 'openconvoy'

/** One load, as members offer it to all. Raise the version in {@link jobChannels} when this changes. */
const job = v.object({ cargo: v.pipe(v.string(), v.maxLength(40)), tons: v.pipe(v.number(), v.minValue(0)) })

/** For the option `channels`: programs with another version are refused as they join, not at the first job. */
export const jobChannels = { jobs: 1 }

/** Opens the channel on which jobs are offered; the host lets no overweight pass. */
export function openJobs(convoy: Convoy): Channel<v.InferInput<typeof job>, v.InferOutput<typeof job>> {
  return convoy.channel('jobs', {
    schema: job,
    authority: 'host',
    validate: ({ tons }) => tons <= 40,
  })
}

/** Lets nothing be read that `muted` members say. */
export function mute(convoy: Convoy, muted: ReadonlySet<string>): Unsubscribe {
  return convoy.intercept((event) => (event.type === 'chat' && muted.has(event.from.id) ? 'drop' : 'pass'))
}
