import { createSystemClock } from 'openconvoy'
import colors from 'picocolors'
import { sleep } from '../../lib/core/index.ts'
import { Progress } from '../support/progress.ts'
import { runProgram } from '../support/program.ts'
import { Demo } from './demo.ts'
import { readStartOptions, startHelp } from './options.ts'
import { Screen } from './screen.ts'
import { renderTable } from './table.ts'

/** How often the table is redrawn: text that changes faster can't be read. */
const redrawMs = 250

await runProgram(async (signal) => {
  const options = readStartOptions(process.argv.slice(2))
  if (options === undefined) {
    console.log(startHelp)
    return true
  }
  const clock = createSystemClock()
  const progress = new Progress()
  const demo = await Demo.start(options, clock, signal, (text) => progress.show(text)).finally(() =>
    progress.clear(),
  )
  const screen = new Screen()
  try {
    if (!options.json) {
      console.log(`${colors.bold('OpenConvoy')}: eight trucks on the way from Calais to Berlin.`)
      console.log(`Join them in your browser: ${colors.cyan(demo.pageUrl)}`)
      console.log(`Invite: ${colors.dim(demo.fleet.invite)}`)
      console.log(`${colors.dim('Ctrl-C ends it.')}\n`)
    }
    const end = clock.now() + (options.seconds ?? Infinity) * 1_000
    while (clock.now() < end) {
      if (!options.json) screen.show(renderTable(demo.rows()), clock.now())
      await sleep(clock, Math.min(redrawMs, end - clock.now()), signal)
    }
    const { result, errors } = await demo.result()
    screen.end()
    if (options.json) console.log(JSON.stringify(result))
    for (const error of errors) console.error(colors.red(error))
    return result.pageServed && result.links === demo.fleet.fullMesh && errors.length === 0
  } finally {
    screen.end()
    await demo.close()
  }
})
