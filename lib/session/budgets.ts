import { defaultsOf, type BudgetRange } from '../core/index.ts'
import { burstSeconds, peerVerifications, sharedChannelRate } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'

/** What one member, one stranger, or all of them together may cost. */
export interface MemberBudgets {
  /**
   * Messages of channels without a rate of their own, chat above all, taken from one member per second (default 50,
   * 1…10,000), and at once (default 800): a person types one, and what waited for 15 s comes in a burst. Others send up to 50 a
   * second: who takes fewer loses some. Beyond, they are dropped.
   */
  channelMessagesPerSecond: number
  channelMessagesAtOnce: number
  /**
   * Signals that a host relays for one member, and to one, per second (default 200, 20…10,000), and at once (default 1,000): who
   * joins 63 others makes as many links of about ten signals each. Beyond, they are dropped, and the link is dialled again.
   */
  signalsRelayedPerSecond: number
  signalsRelayedAtOnce: number
  /**
   * Signatures that one member may make this one check per second (default 20, 2…10,000), and at once (default 200): the
   * candidates of a dial, some dials a minute, the tickets. A check takes up to 20 ms where no native Ed25519 is.
   */
  verificationsPerSecond: number
  verificationsAtOnce: number
  /**
   * The same, of all members together (default 200, 20…100,000; at once 1,500): as many as ten members that flood,
   * and what a newcomer to 63 others needs.
   */
  verificationsInAllPerSecond: number
  verificationsInAllAtOnce: number
  /**
   * Dials taken from one member per second (default 0.2, 0.05…100), and at once (default 5): each takes a connection of the
   * engine, and honest ones come after a pause of 5 s and more.
   */
  dialsPerSecond: number
  dialsAtOnce: number
  /**
   * Messages that a host opens of all who have not shown yet that they may come in, per second (default 20, 2…10,000), and
   * at once (default 64): knock and proof of every knock it answers. Opening costs as much as a signature.
   */
  strangerMessagesPerSecond: number
  strangerMessagesAtOnce: number
  /**
   * The same of what comes from one address, as far as the rendezvous tells addresses apart (default 5, 1…10,000; at once
   * 32): a household, or a school behind one address; nobody alone uses up what all may ask for.
   */
  strangerMessagesPerOriginPerSecond: number
  strangerMessagesPerOriginAtOnce: number
  /**
   * Newcomers that a host lets in by one invite per second (default 0.5, 0.001…1,000), and at once (default 128, 1…10,000): a
   * full convoy twice over. Who is a member and comes back does not count.
   */
  joinsPerInvitePerSecond: number
  joinsPerInviteAtOnce: number
  /** The same from one address (default 0.2, 0.001…1,000; at once 64, 1…10,000): a full convoy at one place. */
  joinsPerOriginPerSecond: number
  joinsPerOriginAtOnce: number
  /** Knocks that a host answers at a time (default 32, 1…1,000): more would let strangers fill its memory. */
  knocksAtOnce: number
}

/** Defaults and ranges of {@link MemberBudgets}, whose reasons stand there. */
export const memberBudgetRanges: Readonly<Record<keyof MemberBudgets, BudgetRange>> = {
  channelMessagesPerSecond: { default: sharedChannelRate, least: 1, most: 10_000 },
  channelMessagesAtOnce: { default: sharedChannelRate * burstSeconds, least: 1, most: 160_000 },
  signalsRelayedPerSecond: { default: 200, least: 20, most: 10_000 },
  signalsRelayedAtOnce: { default: 1_000, least: 100, most: 50_000 },
  verificationsPerSecond: {
    default: (peerVerifications.perSource * 1_000) / peerVerifications.windowMs,
    least: 2,
    most: 10_000,
  },
  verificationsAtOnce: { default: peerVerifications.perSource, least: 20, most: 100_000 },
  verificationsInAllPerSecond: { default: 200, least: 20, most: 100_000 },
  verificationsInAllAtOnce: { default: 1_500, least: 100, most: 1_000_000 },
  dialsPerSecond: { default: 0.2, least: 0.05, most: 100 },
  dialsAtOnce: { default: 5, least: 1, most: 100 },
  strangerMessagesPerSecond: { default: 20, least: 2, most: 10_000 },
  strangerMessagesAtOnce: { default: 64, least: 2, most: 10_000 },
  strangerMessagesPerOriginPerSecond: { default: 5, least: 1, most: 10_000 },
  strangerMessagesPerOriginAtOnce: { default: 32, least: 2, most: 10_000 },
  joinsPerInvitePerSecond: { default: 0.5, least: 0.001, most: 1_000 },
  joinsPerInviteAtOnce: { default: 128, least: 1, most: 10_000 },
  joinsPerOriginPerSecond: { default: 0.2, least: 0.001, most: 1_000 },
  joinsPerOriginAtOnce: { default: 64, least: 1, most: 10_000 },
  knocksAtOnce: { default: 32, least: 1, most: 1_000 },
}

/** {@link MemberBudgets} where nothing else is asked for. */
const defaultMemberBudgets: Readonly<MemberBudgets> = defaultsOf(memberBudgetRanges)

/** The budgets of a session. */
export function memberBudgetsOf({ budgets }: SessionEnvironment): Readonly<MemberBudgets> {
  return { ...defaultMemberBudgets, ...budgets }
}
