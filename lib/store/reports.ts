import * as v from 'valibot'
import { ConvoyError } from '../core/index.ts'
import { count, publicKey, sessionId, token } from '../protocol/index.ts'
import type { StoreLimits } from './constants.ts'
import type { Damages } from './damages.ts'
import type { Store } from './store.ts'
import { Turns } from './turns.ts'
import { Values } from './values.ts'

const summarySchema = v.strictObject({
  id: token(64),
  sessionId,
  reporter: publicKey,
  subject: publicKey,
  category: token(32),
  filedAt: count,
  bytes: count,
})

/** What of a report can be listed without reading its file. */
export interface ReportSummary {
  /** Names the report: 1 to 64 characters of printable ASCII, e.g. the digest of its file. */
  id: string
  sessionId: Uint8Array
  /** Sign key of who reported. */
  reporter: Uint8Array
  /** Sign key of who was reported. */
  subject: Uint8Array
  /** 1 to 32 characters of printable ASCII. */
  category: string
  /** When, ms since 1970. */
  filedAt: number
  /** Length of the file. */
  bytes: number
}

/** Reports, each a file whose content is its writer's business. Where there is no room, the oldest go. */
export interface ReportRepository {
  /**
   * Resolves once the disk has it, with the reports that had to go. One of the same id is replaced.
   * @throws ConvoyError `invalid-argument`, or `store-full` when it is larger than {@link StoreLimits.reportBytes}.
   */
  put(report: Omit<ReportSummary, 'bytes'>, file: Uint8Array): Promise<ReportSummary[]>
  /** Newest first. */
  list(): Promise<ReportSummary[]>
  /** The file of a report; undefined when there is no such report. */
  read(id: string): Promise<Uint8Array | undefined>
  /** Does nothing where there is none. */
  delete(id: string): Promise<void>
}

const files = 'files'

export class StoredReports implements ReportRepository {
  readonly #store: Store
  readonly #values: Values<v.InferOutput<typeof summarySchema>>
  readonly #limits: StoreLimits
  readonly #turns = new Turns()

  constructor(store: Store, damages: Damages, limits: StoreLimits) {
    this.#store = store
    this.#values = new Values(store, 'reports', summarySchema, damages)
    this.#limits = limits
  }

  put(report: Omit<ReportSummary, 'bytes'>, file: Uint8Array): Promise<ReportSummary[]> {
    return this.#turns.take(async () => {
      const { id } = report
      const change = this.#values.put(id, { ...report, bytes: file.length })
      const { reportBytes, reportsBytes, reports } = this.#limits
      const largest = Math.min(reportBytes, reportsBytes)
      if (file.length > largest) {
        throw new ConvoyError(
          'store-full',
          `The report has ${file.length} bytes, and the store takes at most ${largest}. Report less, or raise the limit.`,
        )
      }
      const kept = (await this.list()).filter((other) => other.id !== id)
      let total = file.length + kept.reduce((sum, { bytes }) => sum + bytes, 0)
      const gone: ReportSummary[] = []
      while (kept.length >= reports || total > reportsBytes) {
        const oldest = kept.pop()
        if (oldest === undefined) break
        gone.push(oldest)
        total -= oldest.bytes
      }
      const deletions = gone.flatMap((each) => this.#deletionOf(each.id))
      await this.#store.batch(
        [change, { type: 'put', collection: files, key: id, value: file }, ...deletions],
        {
          durable: true,
        },
      )
      return gone
    })
  }

  async list(): Promise<ReportSummary[]> {
    const all = (await this.#values.all()).map(([, summary]) => summary)
    return all.sort((a, b) => b.filedAt - a.filedAt || (a.id < b.id ? 1 : -1))
  }

  read(id: string): Promise<Uint8Array | undefined> {
    return this.#store.get(files, id)
  }

  delete(id: string): Promise<void> {
    return this.#turns.take(() => this.#store.batch(this.#deletionOf(id), { durable: true }))
  }

  #deletionOf(id: string) {
    return [this.#values.delete(id), { type: 'delete', collection: files, key: id } as const]
  }
}
