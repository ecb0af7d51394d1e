import type { Counters } from '../core/index.ts'
import type { LinkQuality } from './link.ts'
import type { StateChannel } from './stateChannel.ts'

/** What was measured on a link; `control` in bytes. */
export function qualityOf(
  channel: StateChannel,
  control: { sent: number; received: number },
  dropped: Counters,
): LinkQuality {
  return {
    rttMs: channel.timing.rttMs,
    minRttMs: channel.timing.minRttMs,
    jitterMs: channel.timing.jitterMs,
    queueOutMs: channel.timing.queueOutMs,
    lossIn: channel.lossIn,
    lossOut: channel.lossOut,
    bytesSent: channel.bytesSent + control.sent,
    bytesReceived: channel.bytesReceived + control.received,
    datagramsSent: channel.sentCount,
    datagramsReceived: channel.receivedCount,
    datagramsSkipped: channel.skippedCount,
    datagramsBacklogged: channel.backloggedCount,
    dropped: dropped.snapshot() as Record<string, number>,
  }
}
