// A program: runs the attack with the number given, or sets up links, and prints what came of it as one line of JSON. A
// process for each, so that what one leaves in an engine or in memory doesn't count for the next, and so that an engine
// that takes the process down fails one case and not all.
import { hostileCases } from './cases.ts'
import { nodeEngines } from './hostileCase.ts'
import { setUpLinks } from './setup/impairedSetup.ts'

const [task, argument = '', count = '0', atOnce = '1'] = process.argv.slice(2)
const print = (line: object): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()))

if (task === 'setup') {
  const engine = nodeEngines.find((name) => name === argument)
  if (engine === undefined) throw new Error(`There is no engine ${argument}.`)
  await print(await setUpLinks(engine, { count: Number(count), atOnce: Number(atOnce) }))
} else {
  const hostile = hostileCases()[Number(argument)]
  if (hostile === undefined) throw new Error(`There is no case ${argument}.`)
  try {
    await print({ ok: true, measured: await hostile.run() })
  } catch (error) {
    await print({ ok: false, message: error instanceof Error ? error.message : String(error) })
  }
}
// Engines keep threads of their own for a while.
process.exit()
