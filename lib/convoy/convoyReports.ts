import { Unheard } from '../core/index.ts'
import { Evidence, type ReportOptions, type SentReport, type TakenReport } from '../evidence/index.ts'
import type { ConvoyVehicles } from './convoyVehicles.ts'
import type { PeerConvoyParts } from './peerConvoyParts.ts'
import type { SessionTime } from './sessionTime.ts'

/** Reports that wait for a listener: each may have a megabyte. */
const unheardReports = 4

/** What the evidence of a convoy stands on. */
export interface ConvoyReportsParts {
  readonly parts: PeerConvoyParts
  readonly vehicles: ConvoyVehicles
  readonly time: SessionTime
  /** @throws ConvoyError `closed`. */
  requireOpen(): void
  /** A report is for this member, and somebody listens. */
  reported(report: TakenReport): void
}

/** Evidence that a convoy keeps, and reports that it makes and takes. */
export class ConvoyReports {
  readonly #around: ConvoyReportsParts
  readonly #evidence: Evidence
  readonly #unheard = new Unheard<TakenReport>(unheardReports)

  constructor(around: ConvoyReportsParts) {
    const { parts, vehicles, time } = around
    this.#around = around
    this.#evidence = new Evidence({
      session: parts.session,
      vehicles: vehicles.receiver,
      publisher: vehicles.publisher,
      keeps: parts.evidence ?? true,
      sink: parts.reports,
      distanceTo: (memberId) => vehicles.distanceTo(memberId),
      isStrained: (memberId) => vehicles.isStrained(memberId),
      gameMinutes: () => time.game()?.minutes,
      reported: (report) => {
        if (this.#unheard.heard) around.reported(report)
        else this.#unheard.keep(report)
      },
    })
  }

  /** Somebody listens from now on. */
  listened(): void {
    for (const report of this.#unheard.take()) this.#around.reported(report)
  }

  /** See `Convoy.report`. */
  async report(memberId: string, options: ReportOptions): Promise<SentReport> {
    this.#around.requireOpen()
    return this.#evidence.report(memberId, options)
  }

  /** See `Convoy.encodeReport`. */
  async encode(memberId: string, options: ReportOptions): Promise<Uint8Array> {
    this.#around.requireOpen()
    return this.#evidence.encode(memberId, options)
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#evidence.close()
  }
}
