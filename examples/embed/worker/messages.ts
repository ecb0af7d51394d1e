import type { VehicleState } from 'openconvoy'

/** What the worker is started with. */
export interface ConvoyWorkerData {
  readonly invite: string
  readonly name: string
}

/** What the main thread tells the worker. */
export type ToWorker =
  { readonly type: 'vehicle'; readonly state: VehicleState | null } | { readonly type: 'close' }

/** One remote truck, copied: what `sample` gives is reused and stays in the worker. */
export interface SampledVehicle {
  readonly memberId: string
  readonly state: Readonly<VehicleState>
  readonly opacity: number
}

/** What the worker tells the main thread. */
export type FromWorker =
  | { readonly type: 'joined'; readonly memberId: string }
  | { readonly type: 'vehicles'; readonly vehicles: readonly SampledVehicle[] }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }
