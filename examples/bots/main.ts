import { createSystemClock } from 'openconvoy'
import { Progress } from '../support/progress.ts'
import { runProgram } from '../support/program.ts'
import { botsHelp, readBotsOptions } from './options.ts'
import { runBots } from './run.ts'
import { describeReport } from './describeReport.ts'

await runProgram(async (signal) => {
  const options = readBotsOptions(process.argv.slice(2))
  if (options === undefined) {
    console.log(botsHelp)
    return true
  }
  const progress = new Progress()
  const tell = {
    progress: (text: string) => progress.show(text),
    hosted: (invite: string) => {
      if (!options.json) console.log(`Join them with ${invite}`)
    },
  }
  const report = await runBots(options, createSystemClock(), signal, tell).finally(() => progress.clear())
  console.log(options.json ? JSON.stringify(report) : describeReport(report))
  return report.errors.length === 0
})
