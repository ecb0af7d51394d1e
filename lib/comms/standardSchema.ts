import { ConvoyError } from '../core/index.ts'

/** What checking a value came to. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/**
 * A schema of any library that follows Standard Schema 1 (https://standardschema.dev): valibot, zod, arktype and
 * others. Only those that answer at once can be used.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/**
 * What `schema` makes of `value`.
 * @throws ConvoyError `invalid-argument` when it does not fit, or the schema is asynchronous; whatever a schema
 * throws itself.
 */
export function checkWith<Output>(schema: StandardSchema<unknown, Output>, value: unknown): Output {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    // Nobody waits for it; a failure of it must not end the process.
    result.catch(() => undefined)
    throw new ConvoyError(
      'invalid-argument',
      'The schema of a channel must answer at once, not with a promise.',
    )
  }
  if (result.issues === undefined) return result.value
  const [issue] = result.issues
  throw new ConvoyError(
    'invalid-argument',
    `The message does not fit its schema: ${issue?.message ?? 'no reason'}`,
  )
}
