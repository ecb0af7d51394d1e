/** How a switchboard does, as plain data. */
export interface SwitchboardStats {
  clients: number
  sessions: number
  routes: number
  /** Configurations of voters that it is the witness of. */
  witnessed: number
  /** Since the start. */
  relayedMessages: number
  relayedBytes: number
  /** What was refused and which connections were cut, by name. */
  refused: Readonly<Record<string, number | undefined>>
}
