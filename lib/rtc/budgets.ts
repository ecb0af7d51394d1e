import { defaultsOf, type BudgetRange } from '../core/index.ts'
import { limits } from '../protocol/index.ts'
import { controlContract, undeliveredBytes } from './constants.ts'

/** What one link may cost. Those of one side are no concern of the other, unless said. */
export interface LinkBudgets {
  /**
   * Datagrams read per second (default 300, 30…10,000), and at once (default 600): several times the busiest sender,
   * which sends vehicles 30 times a second and 100 messages of channels beside them. Beyond, the oldest are dropped.
   */
  stateDatagramsPerSecond: number
  stateDatagramsAtOnce: number
  /**
   * Bytes of them per second (default 200,000, 5,000…12,500,000), and at once (default 400,000): the busiest sender
   * with the largest messages of channels comes to 150,000.
   */
  stateBytesPerSecond: number
  stateBytesAtOnce: number
  /**
   * Control frames taken per second (default 1,000, up to 100,000), and at once (default 2,500). Beyond, the link closes,
   * since `control` may lose nothing. The defaults are also the least: senders count on them.
   */
  controlMessagesPerSecond: number
  controlMessagesAtOnce: number
  /**
   * Bytes of them per second (default 2 MiB, up to 128 MiB), and at once (default 8 MiB), in the same way: a newcomer is
   * handed the whole record, up to 4 MB, at once.
   */
  controlBytesPerSecond: number
  controlBytesAtOnce: number
  /**
   * Control messages that may wait for their acknowledgement (default 2,048, 64…2,300), and bytes of them (default
   * 4 MiB, which is also the most, 1 MiB at the least): an outage of 15 s at 130 messages a second, and a whole record. With
   * fewer bytes a host can't hand newcomers a longer record. Beyond, sending throws `backlog-full`.
   */
  controlBacklogMessages: number
  controlBacklogBytes: number
}

const { framesPerSecond, framesAtOnce, bytesPerSecond, bytesAtOnce } = controlContract

/** Defaults and ranges of {@link LinkBudgets}, whose reasons stand there. */
export const linkBudgetRanges: Readonly<Record<keyof LinkBudgets, BudgetRange>> = {
  // The least: three times as often as the slowest publishing of 10 Hz.
  stateDatagramsPerSecond: { default: 300, least: 30, most: 10_000 },
  stateDatagramsAtOnce: { default: 600, least: 30, most: 20_000 },
  stateBytesPerSecond: { default: 200_000, least: 5_000, most: 12_500_000 },
  // One of the largest must fit, or it could never come through.
  stateBytesAtOnce: { default: 400_000, least: limits.datagramBytes, most: 25_000_000 },
  controlMessagesPerSecond: { default: framesPerSecond, least: framesPerSecond, most: 100_000 },
  controlMessagesAtOnce: { default: framesAtOnce, least: framesAtOnce, most: 250_000 },
  controlBytesPerSecond: { default: bytesPerSecond, least: bytesPerSecond, most: 134_217_728 },
  controlBytesAtOnce: { default: bytesAtOnce, least: bytesAtOnce, most: 536_870_912 },
  // The most: a new connection is sent all of it at once, and then something more must be within what the other side takes.
  controlBacklogMessages: { default: 2_048, least: 64, most: 2_300 },
  // The most: what the other side keeps for a program that does not listen yet.
  controlBacklogBytes: { default: undeliveredBytes, least: 1_048_576, most: undeliveredBytes },
}

/** {@link LinkBudgets} where nothing else is asked for. */
export const defaultLinkBudgets: Readonly<LinkBudgets> = defaultsOf(linkBudgetRanges)
