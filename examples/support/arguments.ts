/** The command line asks for something that can't be: its message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError always. */
export function fail(message: string): never {
  throw new UsageError(message)
}

/** The value of a numeric option, checked against its range. */
export function numberIn(option: string, text: string, min: number, max: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= min && value <= max))
    fail(`--${option} takes a number from ${min} to ${max}, not "${text}".`)
  return value
}

/** The value of an option that counts something. */
export function wholeNumberIn(option: string, text: string, min: number, max: number): number {
  const value = numberIn(option, text, min, max)
  if (!Number.isInteger(value)) fail(`--${option} takes a whole number, not "${text}".`)
  return value
}

/** The value of an option with few values. */
export function choice<Value extends string>(option: string, text: string, values: readonly Value[]): Value {
  const value = values.find((candidate) => candidate === text)
  return value ?? fail(`--${option} takes ${values.join(', ')}, not "${text}".`)
}
