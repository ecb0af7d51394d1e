/** Bytes of every key pair's seed and of every public key: fixed by Ed25519 and X25519. */
export const keyBytes = 32

/** Bytes of an Ed25519 signature. */
export const signatureBytes = 64

/**
 * Bytes of a fingerprint: 128 bits keep a second key pair with the same fingerprint out of reach, and the text
 * short enough to read out (26 characters).
 */
export const fingerprintLength = 16

/** Bytes of a session id: random enough that no two founders ever share one. */
export const sessionIdLength = 16

/** The version of the envelope layout; see [IDN-6]. */
export const envelopeVersion = 1

/** Bytes of the nonce in an envelope: 128 random bits never repeat in the life of a key. */
export const envelopeNonceBytes = 16

/**
 * How far a sender's wall clock may be off, ms. Game PCs are often minutes wrong, because the clock was never
 * synchronised or the time zone was "corrected" by hand within the hour; beyond ten minutes TLS and store
 * logins complain as well, so that the owner notices.
 */
export const clockSkewMs = 10 * 60_000

/**
 * Nonces that a {@link ReplayGuard} remembers by default: a host that verifies its whole budget of 20 knocks a
 * second for three minutes stays below, and it is about 600 kB.
 */
export const replayCapacity = 4_096

/** Sources that a {@link VerificationBudget} tells apart by default: more addresses than one service serves. */
export const budgetSources = 1_024

/** Bytes of a signed announcement: all texts at their longest, in three-byte characters, fill about 1,000. */
export const announcementBytes = 2_048

/**
 * Bytes of a succession proof: what a frame of a rendezvous has room for besides an announcement. A change of host takes
 * 1.3 kB with three voters and 2.4 kB with nine (measured), a certificate that stands for any number of them 0.6 and 1.3 kB.
 */
export const successionBytes = 14_000

/** Items of a succession proof: the shortest two entries have 870 bytes (measured). */
export const successionEntries = 40

/** Hints in an invite: several signaling services and a few libp2p addresses; more makes it unwieldy. */
export const inviteHints = 8

/** Characters of one hint: a libp2p circuit address with two peer ids has about 170. */
export const inviteHintLength = 200

/** Characters of a text that is looked at for an invite: the longest invite has about 2,400, its page's address more. */
export const inviteTextLength = 8_192

/** Bytes of the checksum of an invite: one mistyped invite in 4 billion passes. */
export const inviteChecksumBytes = 4

/** Bytes of the secret of an invite. */
export const inviteSecretBytes = 16

/**
 * Rounds of PBKDF2-HMAC-SHA-512 for a password: what the OWASP Password Storage Cheat Sheet (2023) asks for.
 * Every member holds the verifier, so a weak password must not fall to one of them in minutes.
 */
export const passwordIterations = 210_000

/**
 * The most rounds a joiner accepts from a host: seconds even where no native PBKDF2 is present. Without a bound
 * a hostile host could keep joiners busy for hours.
 */
export const passwordIterationsMax = 1_000_000

/** Bytes of the salt of a password verifier: NIST SP 800-132 asks for 128 bits. */
export const passwordSaltBytes = 16

/** Entries of a record, and votes, outlive every session; an envelope needs an end all the same: ten years, ms. */
export const entryLifetimeMs = 10 * 365 * 24 * 3_600_000

/** Bytes of a vote: its fields take about 320 with the envelope around them. */
export const voteBytes = 512

/** Bytes of an attestation: an envelope around a digest has 159. */
export const attestationBytes = 192

/** Most voters there may be: every decision waits for more than half of them. */
export const mostVoters = 9

/** Bytes of the id that a witness has for as long as it runs: nobody guesses it, and no two ever have the same. */
export const witnessBootBytes = 16

/** Bytes of a secret that a witness is shown once, and of its digest. */
export const witnessSecretBytes = 32
