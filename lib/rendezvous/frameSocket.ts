/** What a {@link FrameSocket} tells its owner. After `closed`, which comes exactly once, nothing follows. */
export interface FrameSocketHandlers {
  open(): void
  message(bytes: Uint8Array): void
  /** @param code - the WebSocket close code; 1006 when the connection broke or never came about. */
  closed(code: number, cause?: unknown): void
}

/** A connection to a rendezvous service that carries whole frames, reliably and in order. */
export interface FrameSocket {
  send(bytes: Uint8Array): void
  /** Idempotent. */
  close(): void
}

/** Starts a connection. Never throws: a failure is a `closed`, after it returned. */
export type DialFrameSocket = (handlers: FrameSocketHandlers) => FrameSocket
