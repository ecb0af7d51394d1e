import { copyOf } from '../core/index.ts'
import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import type { RecordMember } from '../session/index.ts'
import {
  dequantise,
  distanceBetween,
  emptyKnown,
  isPlaced,
  maxCanonicalBytes,
  readCanonical,
} from '../vehicle/index.ts'
import { bystanderMetres, bystandersShown, digestEveryMs, samplesKept } from './constants.ts'
import type { Recorder, Track } from './recorder.ts'
import { sampleLeadBytes, type ClipMember, type ReportPerson } from './reportSchema.ts'

const ticksPerMs = 4
const mostDelayMs = 0xffff

/** The part of what was kept that a report shows, all times local ms. */
export interface ClipWindow {
  readonly from: number
  readonly to: number
}

/** What of a member goes into a report. */
export function personOf({ signKey, boxKey, incarnation, name }: RecordMember): ReportPerson {
  return { signKey, boxKey, incarnation, name }
}

/**
 * The clip of a report ([EVD-6]): the subject's motion and messages, the reporter's motion, and that of others who came
 * near the subject, the nearest first, as long as there is room.
 */
export function clipOf(
  recorder: Recorder,
  ids: { subject: string; reporter: string },
  window: ClipWindow,
  maxBytes: number,
): ClipMember[] {
  const subject = recorder.tracksOf(ids.subject).map((track) => clipMemberOf(track, window, true))
  const reporter = recorder.tracksOf(ids.reporter).map((track) => clipMemberOf(track, window, false))
  const course = courseOf(recorder.tracksOf(ids.subject), window)
  const others = recorder
    .tracks()
    .filter(({ member: { id } }) => id !== ids.subject && id !== ids.reporter)
    .map((track) => ({ track, metres: nearest(course, courseOf([track], window)) }))
    .filter(({ metres }) => metres <= bystanderMetres)
    .sort((a, b) => a.metres - b.metres)
    .slice(0, bystandersShown)
    .map(({ track }) => clipMemberOf(track, window, false))
  const members: ClipMember[] = []
  let bytes = 0
  for (const member of [...subject, ...reporter, ...others]) {
    if (member.samples.length === 0 && member.messages.length === 0) continue
    bytes += bytesOf(member)
    if (bytes > maxBytes) break
    members.push(member)
  }
  return members
}

function clipMemberOf(track: Track, { from, to }: ClipWindow, withMessages: boolean): ClipMember {
  const packed = new Uint8Array(samplesKept * (maxCanonicalBytes + sampleLeadBytes))
  let length = 0
  let firstAt: number | undefined
  track.samples?.forEach(from, ({ sampledAt, receivedAt, isForwarded, canonical }) => {
    if (receivedAt > to) return
    firstAt ??= Math.round((sampledAt - from) * ticksPerMs)
    const delayMs = Math.min(mostDelayMs, Math.max(0, Math.round(receivedAt - sampledAt)))
    packed[length] = delayMs >>> 8
    packed[length + 1] = delayMs
    packed[length + 2] = canonical.length | (isForwarded ? forwardedFlag : 0)
    packed.set(canonical, length + sampleLeadBytes)
    length += sampleLeadBytes + canonical.length
  })
  const messages = withMessages ? track.messages.filter(({ at }) => at >= from && at <= to) : []
  return {
    ...personOf(track.member),
    firstAt: firstAt ?? 0,
    samples: copyOf(packed.subarray(0, length)),
    messages: messages.map(({ at, channel, body }) => ({ at: Math.round(at - from), channel, body })),
    // The first one is about what came before it.
    digests: track.digests
      .filter(({ at }) => at >= from && at <= to + 2 * digestEveryMs)
      .map(({ envelope }) => envelope),
  }
}

/** In the third byte of a sample in a clip: it came through another member. The rest is its length. */
export const forwardedFlag = 0x80

const fieldsBytes = 256

function bytesOf({ samples, messages, digests }: ClipMember): number {
  const sum = (parts: readonly Uint8Array[]): number =>
    parts.reduce((total, { length }) => total + length + 8, 0)
  return (
    fieldsBytes + samples.length + sum(digests) + sum(messages.map(({ body }) => body)) + 96 * messages.length
  )
}

const stepMs = 500

/** Where a vehicle was, by steps of half a second. */
type Course = ReadonlyMap<number, VehicleState>

function courseOf(tracks: readonly Track[], { from, to }: ClipWindow): Course {
  const course = new Map<number, VehicleState>()
  const known = emptyKnown()
  for (const { samples } of tracks) {
    samples?.forEach(from, ({ canonical, receivedAt, sampledAt }) => {
      const step = Math.floor(sampledAt / stepMs)
      if (receivedAt > to || course.has(step) || !readCanonical(canonical, known)) return
      const state = emptyVehicleState()
      dequantise(known.codes, state)
      if (isPlaced(state)) course.set(step, state)
    })
  }
  return course
}

function nearest(a: Course, b: Course): number {
  let metres = Infinity
  for (const [step, state] of a) {
    const other = b.get(step)
    if (other !== undefined) metres = Math.min(metres, distanceBetween(state, other))
  }
  return metres
}
