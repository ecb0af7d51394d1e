import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser } from 'playwright-core'

/** A running browser. */
export interface LaunchedChromium {
  readonly browser: Browser
  /** Ends the browser and all its pages. Idempotent. */
  close(): Promise<void>
}

/** What differs from one test's browser to another's. */
export interface LaunchOptions {
  /** Command line switches besides {@link chromiumArguments}. */
  args?: readonly string[]
  /** Switches of Playwright's that this test can't have. */
  withoutDefaultArgs?: readonly string[]
}

/**
 * No sandbox: it needs rights that containers lack, and only our own pages are opened. No GPU: none is there.
 * The others keep the browser from calling anybody. Nothing here touches WebRTC: addresses stay hidden behind
 * `<uuid>.local` names as in a user's browser.
 */
export const chromiumArguments: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-pings',
  '--no-first-run',
]

// Named by version and user: an update unpacks afresh, and nobody runs what another user put there.
const packageFile = join(
  dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')),
  '../package.json',
)
const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string }
const home = join(tmpdir(), `openconvoy-chromium-${version}-${userInfo().username}`)

/** Playwright's launch options: known before {@link prepareChromium} has put the browser there. */
export const chromiumLaunchOptions = {
  executablePath: process.env.OPENCONVOY_CHROMIUM ?? join(home, 'chromium'),
  args: [...chromiumArguments],
  env: chromiumEnvironment(),
}

/** Starts a headless Chromium out of the registry package; nothing is downloaded or installed. */
export async function launchChromium(options: LaunchOptions = {}): Promise<LaunchedChromium> {
  await prepareChromium()
  const browser = await chromium.launch({
    ...chromiumLaunchOptions,
    args: [...chromiumArguments, ...(options.args ?? [])],
    ignoreDefaultArgs: [...(options.withoutDefaultArgs ?? [])],
  })
  return { browser, close: () => browser.close() }
}

/**
 * Unpacks the browser, its fonts and the libraries that a plain Debian lacks (NSS, NSPR, Expat) unless that was
 * done before. Processes may do so at the same time: each unpacks in a directory of its own, and the first to
 * finish gives it its name.
 */
export async function prepareChromium(): Promise<void> {
  if (process.env.OPENCONVOY_CHROMIUM !== undefined) return
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      'The packaged Chromium runs on Linux x64 only: set OPENCONVOY_CHROMIUM to the path of a Chrome or Chromium.',
    )
  }
  if (await isComplete()) return
  const staging = await mkdtemp(`${home}-`)
  try {
    await unpackInto(staging)
    // What stands there incomplete was thinned out by a cleaner of old temporary files.
    if (existsSync(home) && !(await isComplete())) await rm(home, { recursive: true, force: true })
    await rename(staging, home)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (!(await isComplete())) throw error
  }
}

async function unpackInto(directory: string): Promise<void> {
  // The package unpacks into the temporary directory of its process, under fixed names, and adds the libraries
  // where it believes itself on AWS Lambda. So it gets a process that has both.
  const script = `import chromium from '@sparticuz/chromium'; await chromium.executablePath()`
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: directory, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
  })
  const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(home, 'fonts')}</dir><cachedir>${join(home, 'fonts-cache')}</cachedir></fontconfig>
`
  await writeFile(join(directory, 'fonts/fonts.conf'), fonts)
}

async function isComplete(): Promise<boolean> {
  const needed = ['chromium', 'fonts/fonts.conf', 'al2023/lib/libnss3.so']
  if (!needed.every((file) => existsSync(join(home, file)))) return false
  return (await stat(home)).uid === userInfo().uid
}

function chromiumEnvironment(): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  const libraries = [join(home, 'al2023/lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':')
  return {
    ...Object.fromEntries(inherited),
    LD_LIBRARY_PATH: libraries,
    FONTCONFIG_PATH: join(home, 'fonts'),
  }
}
