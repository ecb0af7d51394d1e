import { RuleTester } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, it } from 'vitest'
import { importDirection } from '../../scripts/lint/importDirection.ts'

// ESLint's tester takes the runner's functions as statics.
RuleTester.describe = describe
RuleTester.it = it
RuleTester.itOnly = it.only

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } })
const at = (path: string): string => `${process.cwd()}/${path}`

tester.run('import-direction', importDirection, {
  valid: [
    { filename: at('examples/embed/host.ts'), code: `import { hostConvoy } from 'openconvoy'` },
    { filename: at('lib/protocol/rules.ts'), code: `import { utf8 } from '../core/index.ts'` },
    { filename: at('lib/session/host.ts'), code: `import type { Link } from '../rtc/index.ts'` },
    { filename: at('lib/rtc/engines/werift.ts'), code: `import { x } from '../connection.ts'` },
    { filename: at('lib/convoy.ts'), code: `import { x } from './vehicle/index.ts'` },
    { filename: at('lib/index.ts'), code: `export * from './convoy.ts'` },
    { filename: at('lib/rendezvous/libp2p/desk.ts'), code: `import { x } from '../switchboard.ts'` },
    { filename: at('examples/bots/bot.ts'), code: `import { x } from 'openconvoy/libp2p'` },
    { filename: at('signaling/mesh.ts'), code: `import { x } from '../lib/rendezvous/libp2p/index.ts'` },
    { filename: at('lib/cli/signal.ts'), code: `import { x } from '../../signaling/index.ts'` },
    { filename: at('signaling/service.ts'), code: `import { x } from '../lib/identity/index.ts'` },
    { filename: at('lib/vehicle/codec.ts'), code: `import * as v from 'valibot'` },
    { filename: at('test/core/clock.test.ts'), code: `import { x } from '../../lib/core/clock.ts'` },
    { filename: at('lib/core/index.ts'), code: `export * from './clock.ts'` },
  ],
  invalid: [
    ...['lib/convoy/reach.ts', 'lib/index.ts', 'lib/rendezvous/fromHint.ts'].map((path) => ({
      filename: at(path),
      code: `import { x } from 'openconvoy/libp2p'`,
      errors: [{ messageId: 'direction' as const }],
    })),
    {
      filename: at('lib/session/host.ts'),
      code: `import { hostConvoy } from 'openconvoy'`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('lib/core/bytes.ts'),
      code: `import { limits } from '../protocol/index.ts'`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('lib/core/bytes.ts'),
      code: `import type { Limits } from '../protocol/index.ts'`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('lib/vehicle/playout.ts'),
      code: `export { x } from '../comms/index.ts'`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('lib/game/sii.ts'),
      code: `import { x } from '../identity/index.ts'`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('lib/session/host.ts'),
      code: `import { x } from '../index.ts'`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('lib/session/host.ts'),
      code: `const part = await import('../convoy.ts')`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('signaling/service.ts'),
      code: `import { x } from '../lib/session/index.ts'`,
      errors: [{ messageId: 'direction' }],
    },
    {
      filename: at('lib/session/host.ts'),
      code: `import { establishLink } from '../rtc/index.ts'`,
      errors: [{ messageId: 'typesOnly' }],
    },
    {
      filename: at('lib/protocol/rules.ts'),
      code: `import { utf8 } from '../core/bytes.ts'`,
      errors: [{ messageId: 'throughIndex' }],
    },
    {
      filename: at('lib/core/bytes.ts'),
      code: `import { ConvoyError } from './index.ts'`,
      errors: [{ messageId: 'ownIndex' }],
    },
  ],
})
