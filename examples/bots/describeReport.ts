import colors from 'picocolors'
import type { FleetReport } from './report.ts'

/** A report in words, for people. */
export function describeReport(report: FleetReport): string {
  const { joinMs, positionErrorCm: error } = report
  const rows: [label: string, value: string][] = [
    ['members', String(report.members)],
    ['links', String(report.links)],
    ['joining', `${joinMs.p50 ?? '–'} ms (p50), ${joinMs.p99 ?? '–'} ms (p99)`],
    ['updates', `${report.updatesReceived} of ${report.updatesSent} arrived (${report.deliveryPercent} %)`],
    [
      'position error',
      `${error.p50 ?? '–'} cm (p50), ${error.p95 ?? '–'} cm (p95), ${error.p99 ?? '–'} cm (p99)`,
    ],
    ['drawn', `${report.drawnPercent} % of vehicles and frames`],
    ['sent per bot', `${report.kbpsUpPerPeer} kbit/s`],
  ]
  const lines = rows.map(([label, value]) => `${colors.dim(label.padEnd(16))}${value}`)
  return [...lines, ...report.errors.map((problem) => colors.red(problem))].join('\n')
}
