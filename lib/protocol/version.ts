/**
 * The version of everything on the wire. Peers of different versions refuse each other in the knock with
 * `protocol-version`; there is no negotiation before 1.0.
 */
export const protocolVersion = 2
