/**
 * Every code a {@link ConvoyError} can carry, with what it means. Codes are stable: programs may branch on
 * them. Messages are for people and may be reworded.
 */
export const errorCodes = {
  // Using the library
  'invalid-argument': 'A value handed to the library is out of range or of the wrong shape.',
  'invalid-vehicle':
    'A vehicle state handed to the library holds a value that is not finite or out of range.',
  'traffic-limit': 'The rules, or the shares of the others, leave no room for more traffic.',
  'not-permitted': 'Only another role may do this: the host, or a moderator with the right to.',
  'no-majority': 'The host does not hear enough of the voters to decide anything.',
  'authority-moved': 'Another host decides by now.',
  muted: 'A moderator has muted this member for a while, or for good.',
  closed: 'The object was closed before the call.',
  aborted: 'The AbortSignal handed in was aborted.',
  timeout: 'Nothing answered in time.',
  unsupported: 'This platform lacks something that is needed.',
  // Invites
  'invite-malformed': 'The text is not an invite.',
  'invite-mistyped': 'The checksum does not fit: the invite was mistyped or cut short.',
  'invite-version': 'The invite was made by a newer version.',
  // Codes that people carry
  'code-malformed': 'The text holds no code.',
  'code-mistyped': 'The code was cut short or changed on its way.',
  'code-version': 'The code was made by another version.',
  'code-foreign': 'The code is meant for somebody else.',
  'code-used': 'The code was used before.',
  'code-expired': 'The code is too old.',
  // Reaching other peers
  'rendezvous-unreachable': 'No rendezvous named in the invite answers.',
  'session-not-found': 'The rendezvous answers but holds no such session.',
  'host-mismatch': 'Somebody answered with a key other than the one in the invite.',
  'link-failed': 'No WebRTC connection came about.',
  'webrtc-missing': 'No WebRTC engine is available here.',
  'host-gone': 'The host left or stopped answering.',
  // Being refused by the host
  'protocol-version': 'The two sides speak different versions of the protocol.',
  'game-version': 'The two sides run different versions of the game.',
  'password-required': 'The session asks for a password.',
  'password-wrong': 'The password is not the one the host set.',
  'session-full': 'Every slot is taken.',
  banned: 'The host banned this identity.',
  kicked: 'The host removed this member.',
  replaced: 'The same identity joined the session again from elsewhere.',
  'unknown-member': 'The host does not count this peer among its members any more.',
  'class-refused': 'The host does not allow this vehicle class.',
  'spectators-refused': 'The host does not allow members without a vehicle.',
  'claims-missing': 'The host requires claims that were not shown.',
  'admit-refused': 'The embedding program of the host refused.',
  'load-order-mismatch': 'The mods differ from those of the host.',
  'channel-mismatch': 'The two sides have different versions of a channel of the embedding program.',
  // What comes over the wire
  'message-too-large': 'A message is larger than its limit.',
  'message-malformed': 'A message does not fit its schema.',
  'message-unauthentic': 'A signature or a seal does not fit.',
  'message-expired': 'A signed message is past its expiry.',
  'message-replayed': 'A signed message was seen before.',
  'message-misaddressed': 'A signed message is meant for somebody else.',
  'record-gap': 'An entry came whose predecessors are missing.',
  'record-forked': 'A host signed two different entries with one number, or a snapshot is of another record.',
  'record-unlawful': 'A host signed an entry that no host may sign.',
  'channel-foreign': 'The other side opened a data channel that no link has.',
  'rate-limited': 'More was sent than the receiver allows; wait and try again.',
  'backlog-full': 'Too much is queued for this link already.',
  // What outlives a process
  'store-locked': 'The store is open already, in this process or another.',
  'store-damaged': 'The store is damaged, or an entry of it.',
  'store-version': 'The store was written by a newer version.',
  'store-full': 'The store holds as much as it may.',
  'store-failed': 'The store can be neither read nor written.',
  // Programs around the library
  'port-in-use': 'Another program listens on that port.',
  'drive-malformed': 'A file with a recorded drive has a bad row.',
  'report-malformed': 'A file is no report, or was cut short or altered beyond reading.',
  'report-refused': 'The host did not take the report.',
} as const

/** A stable name for what went wrong. */
export type ErrorCode = keyof typeof errorCodes

/** What may accompany an error. */
export interface ConvoyErrorOptions {
  /** What this error was caused by. */
  cause?: unknown
  /** Facts for programs, such as the findings of a load order check. Plain data only. */
  details?: unknown
}

/**
 * The one error class of the library.
 * @example
 * ```ts
 * try {
 *   await joinConvoy(invite, options)
 * } catch (error) {
 *   if (isConvoyError(error, 'password-wrong')) askAgain()
 *   else throw error
 * }
 * ```
 */
export class ConvoyError extends Error {
  override readonly name = 'ConvoyError'
  readonly code: ErrorCode
  readonly details: unknown

  constructor(code: ErrorCode, message: string, options: ConvoyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
  }
}

/** Whether `error` is a {@link ConvoyError}, and of `code` where one is given. */
export function isConvoyError(error: unknown, code?: ErrorCode): error is ConvoyError {
  return error instanceof ConvoyError && (code === undefined || error.code === code)
}
