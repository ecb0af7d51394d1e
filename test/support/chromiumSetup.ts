import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'
import { prepareChromium } from './chromium.ts'
import type { PageServices } from './pageServices.ts'

declare module 'vitest' {
  interface ProvidedContext {
    services: PageServices
  }
}

/** Unpacks the browser before the tests that run inside of it, and starts what they need outside of it. */
export default async function setup(project: TestProject): Promise<() => void> {
  await prepareChromium()
  // A process of its own: native WebRTC engines stay in a process for good.
  const child = spawn(
    process.execPath,
    ['--conditions=openconvoy-source', join(import.meta.dirname, 'pageServices.ts')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`The services for pages ended with code ${code}.`)))
  })
  project.provide('services', JSON.parse(line) as PageServices)
  return () => {
    child.kill()
  }
}
