import { UsageError } from './runProgram.ts'

/** A port from an option: a whole number from 0, which picks a free one, to 65,535. */
export function portOption(name: string, text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new UsageError(`--${name} takes a number from 0 to 65535, not "${text}".`)
  }
  return port
}
