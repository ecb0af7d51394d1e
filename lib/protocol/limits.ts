/** Sizes and counts that both sides of the wire hold each other to. docs/protocol.md repeats this table. */
export const limits = {
  /**
   * Bytes of one datagram on a state channel: with SCTP, DTLS, UDP and IP around it about 1,243 on IPv4 and 1,263 on IPv6,
   * which fits the 1,280 that every IPv6 path takes. Over smaller paths SCTP spreads a full one over two packets.
   */
  datagramBytes: 1_150,
  /** Bytes of one control message: below the 65,536 that every SCTP implementation takes in one message. */
  controlMessageBytes: 60_000,
  /** Bytes of one message through a rendezvous, sealed: what the signaling service lets pass. */
  rendezvousMessageBytes: 16_384,
  /** Bytes of one SDP: Chromium's for two data channels is about 500, candidates of a multi-homed host add up. */
  sdpBytes: 8_192,
  /** Candidates accepted per connection attempt: several interfaces, two address families, STUN and TURN each. */
  candidatesPerConnection: 64,
  /** Members of one convoy, the host included: direct links only to those that matter (24 per member) + host. */
  convoyMembers: 64,
  /** Characters of the name a member shows. */
  nameLength: 32,
  /** Characters of one chat text. */
  chatLength: 500,
  /** Mods in one load order: real servers export below 200. */
  loadOrderMods: 500,
  /** Characters of reasons, e.g. of a kick. */
  reasonLength: 200,
  /** Trailers behind one truck: the game's triples. */
  trailers: 3,
} as const
