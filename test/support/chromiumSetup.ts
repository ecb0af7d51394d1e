import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'
import { prepareChromium } from './chromium.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where engineService.ts listens. */
    engineService: string
  }
}

/** Unpacks the browser before the tests that run inside of it, and starts what they need outside of it. */
export default async function setup(project: TestProject): Promise<() => void> {
  await prepareChromium()
  // A process of its own: native WebRTC engines stay in a process for good.
  const service = spawn(
    process.execPath,
    ['--conditions=openconvoy-source', join(import.meta.dirname, 'engineService.ts')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const address = await new Promise<string>((resolve, reject) => {
    createInterface(service.stdout).once('line', resolve)
    service.once('exit', (code) => reject(new Error(`The engine service ended with code ${code}.`)))
  })
  project.provide('engineService', address)
  return () => {
    service.kill()
  }
}
