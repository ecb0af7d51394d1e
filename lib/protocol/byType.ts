import * as v from 'valibot'
import { ConvoyError } from '../core/index.ts'

type Options = v.VariantOptions<'type'>

/**
 * The same as `v.variant('type', options)`, but looks at once at the option that `type` names: valibot tries one after the
 * other, and writes down why each of those before the right one does not fit.
 * @param options - strict objects with literal types, each once.
 */
export function byType<const Chosen extends Options>(
  options: Chosen,
): v.LazySchema<v.VariantSchema<'type', Chosen, undefined>> {
  const variant = v.variant('type', options)
  const byLiteral = new Map<unknown, v.GenericSchema>()
  for (const option of options) {
    if (option.type === 'strict_object' && 'literal' in option.entries.type)
      byLiteral.set(option.entries.type.literal, option)
  }
  if (byLiteral.size !== options.length)
    throw new ConvoyError(
      'invalid-argument',
      'Only strict objects, each of a literal type of its own, fit here.',
    )
  // What no option names is refused by all of them, with the reason that they give.
  return v.lazy((message) => (byLiteral.get(typeOf(message)) ?? variant) as typeof variant)
}

function typeOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined
}
