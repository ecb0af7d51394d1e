/**
 * Where a vehicle is near, m, and where it no longer is: an articulated truck at 150 m is 2 cm of a screen wide, and what it does
 * concerns whoever sees it. Here as below, the second distance is larger than the first by more than a truck drives between two
 * judgements, so that a vehicle on the boundary doesn't change its tier at each.
 */
export const nearMetres = { enter: 150, leave: 200 } as const

/** How far down the road a driver looks, m: the sight in which a truck at 90 km/h could stop four times over. */
export const aheadMetres = { enter: 400, leave: 500 } as const

/** Cosine of the angle to the heading within which a vehicle is ahead: 20° to enter, 35° to leave, since roads bend. */
export const aheadCosine = { enter: 0.94, leave: 0.82 } as const

/** Seconds until two vehicles meet, were they to drive straight at each other: 8 s are 400 m on a road with both at 90 km/h. */
export const meetingSeconds = { enter: 8, leave: 11 } as const

/** Where a vehicle is far off, m: nobody sees it, it is a dot on a map. Nearer again than the second, it is not. */
export const farMetres = { enter: 1_500, leave: 1_300 } as const

/** Where another's traffic is out of sight, m, and where it is seen again: cars are smaller than trucks, and many. */
export const unseenTrafficMetres = { enter: 1_200, leave: 1_000 } as const

/** What an eye sees, m per m of distance: a pixel, at 1,920 of them over 60° of view. */
export const seenPerMetre = 0.0005

/** In the wider area the eye rests on something else: two pixels. */
export const middlePerMetre = 0.001

/** Bounds of the area, m: at the widest 4 m, below what a receiver takes for a teleport whatever the time between. */
export const middleBounds = { least: 0.1, most: 1.5 } as const
export const farBounds = { least: 1, most: 4 } as const

/** Traffic, m: nobody parks a mirror beside it, so five times what a truck gets. */
export const trafficBounds = { least: 0.1, most: 2 } as const
export const trafficPerMetre = 0.002

/** Steps between two bounds of a ladder: finer ones would make no difference, and each is an object made once. */
export const boundStep = 1.4

/**
 * Gap between two updates of what isn't close by, ms: just below the 500 after which a link sends a heartbeat ([LNK-16]), which
 * the update then saves. A wider gap would send both, and take more packets for less.
 */
export const middleSteadyMs = 450
export const farSteadyMs = 450

/** Traffic near, and further off, ms. */
export const nearTrafficSteadyMs = 300
export const trafficSteadyMs = 450

/** Least gap between two updates of what is further off, ms: what it does in between is not seen from there. */
export const middleFastestMs = 100
export const farFastestMs = 300

/** Shares of the reserve below which others give way before trucks close by (½) do: far before near, traffic before trucks. */
export const middleYieldsBelow = 0.65
export const farYieldsBelow = 0.75
export const nearTrafficYieldsBelow = 0.8
export const trafficYieldsBelow = 0.95

/**
 * Gap to which a spent budget stretches every vehicle's updates, ms, and no further: one may be lost before it fades after
 * 1.5 s ([VEH-58]).
 */
export const slowestMs = 700

/**
 * Bytes around a payload: 19 of the link's header ([LNK-10]), and 93 of SCTP (28), DTLS (37), UDP (8) and IPv4 (20).
 * Its acknowledgement costs the recipient about as much.
 */
export const datagramOverheadBytes = 112

/**
 * Kilobits a second for each recipient where the embedding program sets none: a truck at 20 a second (20) and 50 vehicles
 * of traffic near (40).
 */
export const defaultVehicleKbps = 64

/** And for all together: the uplink of a slow line. 23 trucks close by, all of them manoeuvring, take half of it. */
export const defaultUplinkKbps = 1_000

/** Least and most that an embedding program may set. At the least a truck still gets four updates a second. */
export const minVehicleKbps = 4
export const maxVehicleKbps = 10_000

/** What a recipient always gets, kbps: a truck every {@link slowestMs}, so that none fades. */
export const floorKbps = 1.6

/** The reserve of a budget, ms of its rate: the half second of a surprise and as much again. */
export const reserveMs = 1_000

/** And in bytes at the least: a few datagrams. */
export const leastReserveBytes = 500

/** How often a budget looks at its link, ms: a few round trips, after which an answer to the last change can be seen. */
export const adaptEveryMs = 500

/** Datagrams held up on the way for longer than this are in a queue, ms: the target of LEDBAT (RFC 6817). */
export const queueTargetMs = 100

/** A queue this many times as long is deep: another decrease follows at once. */
export const deepQueue = 2

/** A queue that fills: down to this share of what is sent, as CUBIC does (RFC 9438), so that it drains… */
export const decreaseShare = 0.7

/** …and up again by this much a second, kbps: one more datagram every two seconds. */
export const increaseKbpsPerSecond = 0.5

/** A queue that stays for this long while next to nothing is sent isn't of our making, ms: the way is longer now. */
export const foreignQueueMs = 10_000

/** Bytes of a packet of TCP, as whose equal TFRC-SP (RFC 4828) lets a sender of small packets count under loss. */
export const tcpPacketBytes = 1_460

/** Shares of the uplink, in kbps that a recipient makes use of, by how near the truck is to it. */
export const weightOfTier = {
  followed: 24,
  near: 24,
  ahead: 24,
  closing: 24,
  middle: 10,
  far: 4,
  unseen: 4,
} as const
