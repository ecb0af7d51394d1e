import type { Reporter, TestModule } from 'vitest/node'

/** What a run came to. A file that fails to load and an error outside of any test count as one failure each. */
export interface Summary {
  passed: number
  failed: number
  skipped: number
}

/** Counts the outcome of a run. */
export function summarize(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Summary {
  const summary: Summary = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
  for (const module of modules) {
    let failuresInside = 0
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') summary.passed++
      else if (state === 'skipped') summary.skipped++
      // A test that never finished (state `pending`) proved nothing.
      else failuresInside++
    }
    // Failing imports, hooks and empty files fail the file without failing a test.
    summary.failed += failuresInside > 0 ? failuresInside : module.ok() ? 0 : 1
  }
  return summary
}

/** The line that programs read, alone on its line. */
export function summaryLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Ends the output of `npm test` with {@link summaryLine}, after whatever other reporters print. */
export default class SummaryReporter implements Reporter {
  #line: string | undefined

  onInit(): void {
    process.once('exit', () => {
      if (this.#line !== undefined) process.stdout.write(`\n${this.#line}\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const summary = summarize(modules, unhandledErrors)
    this.#line = summaryLine(summary)
    // A run without tests proves nothing; vitest agrees unless told otherwise.
    if (summary.failed > 0 || summary.passed === 0) process.exitCode = 1
  }
}
