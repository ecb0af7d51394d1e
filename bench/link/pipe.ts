/** One way between both ends for payloads that may get lost. */
export interface Pipe {
  /** Sends now or never: not while earlier payloads wait. */
  send(payload: Uint8Array): void
}

/** What opens a {@link Pipe}. */
export interface PipeOptions {
  initiator: boolean
  /** Brings a signal to the other end. */
  signal(signal: unknown): void
  /** Told who takes signals from the other end. */
  onSignal(handler: (signal: unknown) => void): void
  /** Called for every payload that arrives. */
  received(payload: Uint8Array): void
}

export type OpenPipe = (options: PipeOptions) => Promise<Pipe>
