// A process that writes bans and reports as fast as it can, and says of each when it is stored: `writer.ts PATH FROM`.
import { writeSync } from 'node:fs'
import { seededRandom } from '../../lib/core/index.ts'
import { openStore, type ReportSummary, type StoredBan } from '../../lib/store/index.ts'

export function writtenBan(number: number): StoredBan {
  return {
    subject: { kind: 'invite', invite: seededRandom(number).bytes(16) },
    detail: `ban ${number}`,
    by: new Uint8Array(32),
    issuedAt: number,
    expiresAt: null,
    sessionId: new Uint8Array(16),
  }
}

export function writtenReport(number: number): { summary: Omit<ReportSummary, 'bytes'>; file: Uint8Array } {
  return {
    summary: {
      id: `report${number}`,
      sessionId: new Uint8Array(16),
      reporter: new Uint8Array(32),
      subject: new Uint8Array(32),
      category: 'ramming',
      filedAt: number,
    },
    file: seededRandom(number).bytes(5_000),
  }
}

if (import.meta.main) {
  const [path = '', from = '0'] = process.argv.slice(2)
  const store = await openStore({ path, limits: { reports: 100_000 } })
  for (let number = Number(from); ; number++) {
    const { summary, file } = writtenReport(number)
    await store.reports.put(summary, file)
    await store.bans.put(writtenBan(number))
    writeSync(1, `${number}\n`)
  }
}
