import { errorCodes } from '../lib/core/errors.ts'

/** What docs/errors.md has to say: every code of a `ConvoyError`, in the order of lib/core/errors.ts. */
export function errorDocs(): string {
  const rows = Object.entries(errorCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  return `# Error codes

Written by \`npm run docs:write\` from lib/core/errors.ts; don't edit.

The library throws one class, \`ConvoyError\`, with a stable \`code\`. Programs branch on the code; the message is for
people, says what to do, and may be reworded. \`details\` holds plain data where there is more to know, such as the
findings of a load order check; \`cause\` what led to it.

| code | meaning |
|---|---|
${rows.join('\n')}
`
}
