import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { NetworkReport } from '../../lib/cli/doctor/networkReport.ts'
import type { TurnKind } from './cases.ts'
import type { HomeOptions, Internet } from './internet.ts'
import type { NetworkNamespace } from './namespaces.ts'
import type { NatResult } from './runCase.ts'
import { servicePorts } from './services.ts'
import { SignalingProcess } from './signalingProcess.ts'

/** What `openconvoy doctor network` has to say in a home. */
export interface DoctorCase {
  readonly name: string
  readonly home: HomeOptions
  readonly turn: TurnKind
  /** Mapping over IPv4, UDP, verdict and exit code. */
  readonly expected: string
}

export const doctorCases: readonly DoctorCase[] = [
  { name: 'doctor: cone', home: { router: 'cone' }, turn: 'offered', expected: 'shared udp direct 0' },
  {
    name: 'doctor: symmetric',
    home: { router: 'symmetric' },
    turn: 'offered',
    expected: 'per-destination udp relayed 0',
  },
  {
    name: 'doctor: symmetric, foreign credentials',
    home: { router: 'symmetric' },
    turn: 'foreign',
    expected: 'per-destination udp limited 3',
  },
  {
    name: 'doctor: UDP blocked',
    home: { router: 'cone', blocksUdp: true },
    turn: 'offered',
    expected: 'unknown no-udp relayed 0',
  },
]

/** Runs the command on a machine of such a home. Never throws. */
export async function runDoctor(
  { name, home, turn, expected }: DoctorCase,
  internet: Internet,
  signal: AbortSignal,
): Promise<NatResult> {
  const shared = { name, engines: ['', ''], expected } as const
  const startedAt = performance.now()
  try {
    const machine = await (await internet.addHome(home)).addMachine()
    const { code, output } = await run(machine, SignalingProcess.url(home.router, servicePorts[turn]), signal)
    const { ipv4, verdict } = JSON.parse(output) as NetworkReport
    const outcome = `${ipv4.mapping} ${ipv4.udp === true ? 'udp' : 'no-udp'} ${verdict} ${code}`
    const tookMs = Math.round(performance.now() - startedAt)
    return { ...shared, outcome, passed: outcome === expected, tookMs, detail: output }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { ...shared, outcome: 'error', passed: false, tookMs: undefined, detail }
  }
}

function run(
  machine: NetworkNamespace,
  url: string,
  signal: AbortSignal,
): Promise<{ code: number; output: string }> {
  const program = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
  const words = ['--conditions=openconvoy-source', program, 'doctor', 'network', url, '--json']
  return new Promise((resolve, reject) => {
    execFile('ip', machine.execution(process.execPath, ...words), { signal }, (error, stdout) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') resolve({ code, output: stdout.trim() })
      else reject(error ?? new Error('It ended for no reason.'))
    })
  })
}
