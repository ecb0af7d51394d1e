import { describe, expect, it } from 'vitest'
import { vehicleFlags } from '../../../lib/protocol/index.ts'
import { north, Watched } from './support.ts'

const kmh = 1 / 3.6

describe('speed', () => {
  it('[ENF-10] counts once it was above limit and tolerance for five seconds, and every ten from there', () => {
    const watched = new Watched({ speedLimit: 80 })
    watched.drive(4.9, north(100 * kmh))
    expect(watched.findings).toEqual([])
    watched.drive(11, north(100 * kmh, -136.1))
    expect(watched.kinds).toEqual(['speed', 'speed'])
    expect(watched.findings[0]).toMatchObject({ limit: 80, measured: expect.closeTo(100, 0) as number })
  })

  it('[ENF-10] leaves room for what speedometers, hills and short moments add', () => {
    const watched = new Watched({ speedLimit: 80 })
    watched.drive(20, north(88 * kmh))
    for (let burst = 0; burst < 5; burst++) {
      const z = -20 * 88 * kmh - burst * 4 * (95 + 80) * kmh
      watched.drive(4, north(95 * kmh, z))
      watched.drive(4, north(80 * kmh, z - 95 * kmh * 4))
    }
    expect(watched.kinds).toEqual([])
  })

  it('[ENF-10] concludes nothing from a gap of three seconds without updates', () => {
    const watched = new Watched({ speedLimit: 80 })
    for (let update = 0; update < 10; update++) {
      watched.sample(north(100 * kmh)(update * 4))
      watched.pass(4_000)
    }
    expect(watched.findings).toEqual([])
  })

  it('[ENF-10] gives time to slow down when the limit is lowered', () => {
    const watched = new Watched()
    watched.drive(5, north(90 * kmh))
    watched.setRules({ speedLimit: 50 })
    watched.drive(14, north(90 * kmh, -125))
    expect(watched.findings).toEqual([])
    watched.drive(8, north(90 * kmh, -475))
    expect(watched.kinds).toEqual(['speed'])
  })

  it('[ENF-10] holds trucks, and only them, to their limiter, with room for slopes', () => {
    const seen = ([100, 120] as const).map((speed) =>
      (['truck', 'car'] as const).map((vehicleClass) => {
        const watched = new Watched({ forceSpeedLimiter: true }, vehicleClass)
        watched.drive(8, north(speed * kmh))
        return watched.findings.map(({ limit }) => limit)
      }),
    )
    expect(seen).toEqual([
      [[], []],
      [[90], []],
    ])
  })
})

/** Speed and way after so many seconds of an acceleration, m/s², from a speed on. */
const accelerating = (from: number, acceleration: number) => (seconds: number) => {
  const speed = Math.max(0, from + acceleration * seconds)
  const way = (speed * speed - from * from) / (2 * acceleration)
  return { x: 100, z: -way, velocityZ: -speed }
}

describe('acceleration', () => {
  it.each([
    ['pulls', 0, 20, 4],
    ['brakes', 60, -20, -9],
  ])('[ENF-11] that no truck has for a second is found: one that %s', (_name, from, acceleration, limit) => {
    const watched = new Watched()
    watched.drive(2, accelerating(from, acceleration))
    expect(watched.findings[0]).toMatchObject({
      kind: 'acceleration',
      limit,
      measured: expect.closeTo(acceleration, 0) as number,
    })
  })

  it.each([
    ['a strong truck', 'truck', 0, 3.5],
    ['an emergency stop', 'truck', 25, -8],
    ['a sports car', 'car', 0, 7],
    ['its brakes', 'car', 40, -11],
  ] as const)('[ENF-11] that there is, is not: %s', (_name, vehicleClass, from, acceleration) => {
    const watched = new Watched({}, vehicleClass)
    watched.drive(8, accelerating(from, acceleration))
    expect(watched.kinds).toEqual([])
  })

  it('[ENF-11] is no crash: 25 m/s gone in 0.3 s, and a push from behind', () => {
    const watched = new Watched()
    watched.drive(2, north(25))
    watched.drive(0.3, accelerating(25, -80))
    watched.drive(3, () => ({ x: 100, z: -54 }))
    watched.drive(3, north(6, -54))
    expect(watched.kinds).toEqual([])
  })

  it('[ENF-11] is no crash of which a second of updates was lost (false alarm: 23 m/s gone in a step of one second)', () => {
    const watched = new Watched()
    watched.drive(2, north(23))
    watched.pass(900)
    watched.drive(3, () => ({ x: 100, z: -55 }))
    expect(watched.kinds).toEqual([])
  })

  it('[ENF-11] is not what a lag spike of two seconds makes of braking and of pulling away', () => {
    const watched = new Watched()
    watched.drive(2, north(25))
    watched.pass(2_000)
    watched.drive(2, () => ({ x: 100, z: -75 }))
    watched.pass(2_000)
    watched.drive(2, north(25, -80))
    expect(watched.kinds).toEqual([])
  })
})

describe('jumps', () => {
  it('[ENF-12] further than speed explains are found at once, where they end driving', () => {
    const watched = new Watched()
    watched.drive(3, north(20))
    watched.drive(3, north(20, -60 - 200))
    expect(watched.findings).toMatchObject([
      { kind: 'teleport', measured: expect.closeTo(198, -1) as number },
    ])
  })

  it('[ENF-12] add up where each is too small to see: three metres, ten times a second', () => {
    const watched = new Watched()
    watched.drive(2, (seconds) => ({ x: 100, z: -50 * seconds, velocityZ: -20 }))
    expect(watched.kinds[0]).toBe('teleport')
  })

  it('[ENF-2] are seen behind a clock that runs half as fast again as it should', () => {
    const watched = new Watched()
    for (let tick = 0; tick < 50; tick++) {
      // Thirty metres a second, stamped so that it looks like twenty.
      watched.sample({ x: 100, z: -3 * tick, velocityZ: -20 }, tick * 150)
      watched.pass(100)
    }
    expect(watched.kinds).toContain('teleport')
  })

  it('[ENF-12] are not what is left behind: a game that hangs, a lag switch, a wall', () => {
    const watched = new Watched()
    watched.drive(3, north(25))
    watched.drive(3, () => ({ x: 100, z: -75, velocityZ: -25 }))
    watched.drive(3, north(25, -75))
    watched.pass(5_000)
    watched.drive(3, north(25, -150 - 125))
    expect(watched.kinds).toEqual([])
  })

  it('[ENF-13] that end standing and lead far are ferries, services, fast travels: three in ten minutes', () => {
    const watched = new Watched()
    const places = [0, 900, 60_000, 60_300, 60_600]
    for (const x of places) {
      watched.drive(3, () => ({ x: 100 + x }))
      watched.drive(3, (seconds) => ({ x: 100 + x, z: -10 * seconds, velocityZ: -10 }))
    }
    expect(watched.kinds).toEqual(['teleport'])
    watched.pass(10 * 60_000)
    watched.drive(3, () => ({ x: 90_000 }))
    expect(watched.kinds).toEqual(['teleport'])
  })

  it('[ENF-13] in an outage are journeys, though they end driving (false alarm: a fast travel that nobody saw stand)', () => {
    const watched = new Watched()
    watched.drive(3, north(20))
    watched.pass(4_000)
    watched.drive(3, (seconds) => ({ x: 9_000, z: -15 * seconds, velocityZ: -15 }))
    expect(watched.kinds).toEqual([])
    watched.pass(2_000)
    watched.drive(3, (seconds) => ({ x: 18_000, z: -15 * seconds, velocityZ: -15 }))
    expect(watched.kinds).toEqual(['teleport'])
  })

  it('[ENF-13] in hiding are journeys all the same, and short ways driven in hiding are none', () => {
    const watched = new Watched()
    watched.drive(3, north(15))
    watched.hide()
    watched.pass(10_000)
    watched.drive(3, north(15, -300))
    watched.hide()
    watched.pass(3_000)
    watched.drive(2, () => ({ x: 40_000 }))
    expect(watched.kinds).toEqual([])
    watched.hide()
    watched.pass(1_000)
    watched.drive(2, (seconds) => ({ x: 45_000, z: -20 * seconds, velocityZ: -20 }))
    expect(watched.kinds).toEqual(['teleport'])
  })

  it('[ENF-2] are not what a clock that is set makes of a steady drive', () => {
    const watched = new Watched()
    for (let tick = 0; tick < 100; tick++) {
      watched.sample(north(25)(tick / 10), watched.now + (tick < 50 ? 0 : -900))
      watched.pass(100)
    }
    expect(watched.kinds).toEqual([])
  })
})

describe('ghosts', () => {
  const { ghost } = vehicleFlags
  it('[ENF-14] that drive as such are found after ten seconds, once they had time to arrive', () => {
    const watched = new Watched()
    watched.drive(29, (seconds) => ({ ...north(20)(seconds), flags: ghost }))
    expect(watched.kinds).toEqual([])
    watched.drive(12, (seconds) => ({ ...north(20, -580)(seconds), flags: ghost }))
    expect(watched.kinds).toEqual(['ghosting'])
  })

  it('[ENF-14] that stand, that are in the slow lane, or at a service where the rules want it, are not', () => {
    const standing = new Watched()
    standing.drive(60, () => ({ x: 100, flags: ghost }))
    const restricted = new Watched()
    restricted.restricted = true
    restricted.drive(60, (seconds) => ({ ...north(20)(seconds), flags: ghost }))
    const service = new Watched({ serviceNoCollision: true })
    service.drive(60, (seconds) => ({ ...north(10)(seconds), flags: ghost }))
    expect([standing, restricted, service].map(({ kinds }) => kinds)).toEqual([[], [], []])
  })
})

describe('who idles', () => {
  it('[ENF-15] is found after as long as the rules allow, then twice a minute, until it moves', () => {
    const watched = new Watched({ afkTimeout: 60 })
    watched.drive(59, () => ({ x: 100 }))
    expect(watched.kinds).toEqual([])
    watched.drive(63, () => ({ x: 101 }))
    expect(watched.kinds).toEqual(['idle', 'idle', 'idle'])
    watched.drive(50, north(5))
    watched.drive(50, () => ({ x: 100, z: -250 }))
    expect(watched.kinds).toEqual(['idle', 'idle', 'idle'])
  })

  it('[ENF-15] is not who is not seen: it may do anything', () => {
    const watched = new Watched({ afkTimeout: 60 })
    watched.drive(40, () => ({ x: 100 }))
    watched.pass(10_000)
    watched.drive(40, () => ({ x: 100 }))
    watched.hide()
    watched.pass(5_000)
    watched.drive(40, () => ({ x: 100 }))
    expect(watched.kinds).toEqual([])
  })

  it('[ENF-15] is nobody where the rules have no limit', () => {
    const watched = new Watched()
    watched.drive(600, () => ({ x: 100 }))
    expect(watched.kinds).toEqual([])
  })
})

describe('refusals that go on', () => {
  it('[ENF-16] are found: of messages after three seconds, of traffic after ten', () => {
    const watched = new Watched()
    for (let second = 0; second < 15; second++) {
      watched.refusedMessages += 50
      watched.refusedVehicles += 3
      watched.pass(1_000)
    }
    expect(watched.kinds).toEqual(['rate', 'traffic', 'rate'])
    expect(watched.findings[0]?.count).toBeGreaterThan(100)
  })

  it('[ENF-16] are not a single burst, or vehicles that a race left too many of', () => {
    const watched = new Watched()
    for (let minute = 0; minute < 10; minute++) {
      watched.refusedMessages += 500
      watched.refusedVehicles += 40
      watched.pass(60_000)
    }
    expect(watched.kinds).toEqual([])
  })
})

describe('a ping above the limit', () => {
  it('[ENF-17] counts once it lasted fifteen seconds; what is not heard has none', () => {
    const watched = new Watched({ pingLimit: 300 })
    watched.rttMs = 450
    watched.pass(14_000)
    watched.rttMs = undefined
    watched.pass(3_000)
    watched.rttMs = 450
    watched.pass(14_000)
    expect(watched.kinds).toEqual([])
    watched.pass(4_000)
    expect(watched.findings).toMatchObject([{ kind: 'ping', measured: 450, limit: 300 }])
  })

  it('[ENF-17] is the host’s to see', () => {
    const watched = new Watched({ pingLimit: 300 })
    watched.isHost = false
    watched.rttMs = 450
    watched.pass(60_000)
    expect(watched.kinds).toEqual([])
  })
})

describe('a class that the rules no longer allow', () => {
  it.each(['bus', null] as const)('[ENF-18] is found after a minute to leave: %s', (vehicleClass) => {
    const watched = new Watched({}, vehicleClass)
    watched.pass(60_000)
    watched.setRules({ vehicleClasses: ['truck'], spectators: false })
    watched.pass(60_000)
    expect(watched.kinds).toEqual([])
    watched.pass(5_000)
    expect(watched.kinds).toEqual(['class'])
  })
})
