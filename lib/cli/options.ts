import { UsageError } from './runProgram.ts'

/** A port from an option: a whole number from 0, which picks a free one, to 65,535. */
export function portOption(name: string, text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new UsageError(`--${name} takes a number from 0 to 65535, not "${text}".`)
  }
  return port
}

/** Longest time that an option takes, s: an hour. */
const longestSeconds = 3_600

/** A time from an option: seconds, maybe with a fraction. */
export function secondsOption(name: string, text: string): number {
  const seconds = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || seconds > longestSeconds) {
    throw new UsageError(`--${name} takes seconds from 0 to ${longestSeconds}, not "${text}".`)
  }
  return seconds
}
