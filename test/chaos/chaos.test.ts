import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { startProgram } from '../support/program.ts'
import type { ChaosReport } from './report.ts'

const main = 'scripts/chaos.ts'

/** What the run with that process id made and did not take away: network namespaces, and processes of members. */
function leftOf(pid: number | undefined): string[] {
  const list = (program: string, ...args: string[]): string[] =>
    (spawnSync(program, args, { encoding: 'utf8' }).stdout as string | null)?.split('\n') ?? []
  const namespaces = list('ip', 'netns', 'list').filter((line) => line.includes(`-${pid}-`))
  const members = list('ps', '-eo', 'args').filter((line) => line.endsWith(`member.ts of-${pid}`))
  return [...namespaces, ...members]
}

describe('npm run chaos', () => {
  it('kills, stops and cuts off members of a small convoy, and all agree in the end', async () => {
    using chaos = startProgram(main, ['--peers', '4', '--minutes', '0.33', '--seed', '2', '--json'])
    expect(await chaos.ended, chaos.errors).toBe(0)
    const lines = chaos.output.trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    const report = JSON.parse(lines[0]!) as ChaosReport
    expect(report).toMatchObject({ peers: 4, seconds: 20, seed: 2, survivors: 4, problems: [] })
    expect(report.recoveredMs).not.toBeNull()
    expect(report.refusals).toBeGreaterThan(0)
    expect(Object.keys(report.faults).length).toBeGreaterThan(0)
    if (report.network === 'loopback') expect(report.skipped?.reason).not.toBe('')
  }, 180_000)

  it('leaves nothing running after Ctrl-C, not even members that stand still', async () => {
    using chaos = startProgram(main, ['--peers', '3', '--minutes', '1', '--loopback'])
    await chaos.said(/ s {2}stop /)
    expect(leftOf(chaos.pid)).not.toEqual([])
    chaos.kill('SIGINT')
    expect(await chaos.ended, chaos.errors).toBe(130)
    expect(leftOf(chaos.pid)).toEqual([])
  }, 120_000)

  it.each([
    [['--peers', '2'], '--peers'],
    [['--minutes', '0'], '--minutes'],
    [['--engine', 'browser'], '--engine'],
    [['--nope'], '--nope'],
  ])('says what is wrong with %j, and exits with 2', async (args, complaint) => {
    using chaos = startProgram(main, args)
    expect(await chaos.ended).toBe(2)
    expect(chaos.errors).toContain(complaint)
    expect(chaos.output).toBe('')
  })
})
