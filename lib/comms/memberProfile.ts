import * as v from 'valibot'
import { displayText } from '../protocol/index.ts'

/** Characters of what others see of a member besides its name: what fits a roster, a label, and a number plate. */
export const profileLengths = { paint: 64, plates: 16, company: 48, tag: 16 } as const

/** See {@link MemberProfile}. */
export const memberProfileSchema = v.strictObject({
  paint: v.exactOptional(displayText(profileLengths.paint)),
  plates: v.exactOptional(displayText(profileLengths.plates)),
  company: v.exactOptional(displayText(profileLengths.company)),
  tag: v.exactOptional(displayText(profileLengths.tag)),
})

/** What a member shows of itself besides its name; nobody checks whether it is true. */
export interface MemberProfile {
  /** Name or code of the truck's paint, at most 64 characters. */
  readonly paint?: string
  /** At most 16 characters. */
  readonly plates?: string
  /** The (virtual) company it drives for, at most 48 characters. */
  readonly company?: string
  /** A short mark beside the name, at most 16 characters. */
  readonly tag?: string
}

/** Of members that show nothing, or were not heard yet. */
export const emptyProfile: MemberProfile = Object.freeze({})

/** Whether both show the same. */
export function equalProfiles(a: MemberProfile, b: MemberProfile): boolean {
  return a.paint === b.paint && a.plates === b.plates && a.company === b.company && a.tag === b.tag
}
