import { describe, expect, it } from 'vitest'
import { ConvoyError, isConvoyError, seededRandom } from '../../lib/core/index.ts'
import { Drive, generatedDrive, parseDrive, type DriveMoment } from '../../lib/testing/drives/index.ts'

const moment = (): DriveMoment => ({ distance: 0, speed: 0, acceleration: 0 })

describe('recorded drives', () => {
  it('reads epoch and speed, and ignores header, further columns, blank lines, carriage returns and a byte order mark', () => {
    const drive = parseDrive('\uFEFFepoch,speed,hdop\r\n100.5,2,0.5\r\n\r\n102.5,4,0.9\r\n104.5,2,0.5\r\n')
    expect(drive.period).toBe(4)
    expect(drive.length).toBe(12)
    expect(drive.momentAt(1, moment())).toEqual({ distance: 2.5, speed: 3, acceleration: 1 })
  })

  it('reads rows without a header', () => {
    expect(parseDrive('0,1\n1,1\n').length).toBe(1)
  })

  const badFiles: [what: string, csv: string, line: number | undefined, message: RegExp][] = [
    ['an empty file', '', undefined, /no rows/],
    ['a header without rows', 'epoch,speed\n', undefined, /no rows/],
    ['one row', '1,2\n', undefined, /one row/],
    ['one column', '1,2\n3\n', 2, /one column/],
    ['a speed that is text', 'epoch,speed\n1,2\n2,fast\n', 3, /"fast" for speed/],
    ['NaN', '1,2\n2,NaN\n', 2, /"NaN" for speed/],
    ['infinity', '1,2\n2,Infinity\n', 2, /"Infinity" for speed/],
    ['a number too large for a double', '1,2\n2,1e999\n', 2, /not a number/],
    ['an empty speed', '1,2\n2,\n', 2, /"" for speed/],
    ['an epoch that is text', '1,2\nnoon,3\n', 2, /"noon" for epoch/],
    ['a first row with a bad epoch and a good speed', 'x1,2\n2,3\n', 1, /"x1" for epoch/],
    ['a negative speed', '1,2\n2,-0.1\n', 2, /negative/],
    ['km/h taken for m/s', '1,49\n2,80\n', 2, /km\/h/],
    ['rows out of order', '5,2\n4,2\n', 2, /not later/],
    ['the same time twice', '5,2\n5,2\n', 2, /not later/],
    ['a pause in the recording', '0,2\n3600,2\n', 2, /3600\.0 s after/],
    ['a jump in speed', '0,20\n0.1,0\n', 2, /-200\.0 m\/s²/],
  ]
  it.each(badFiles)('refuses %s, naming the line and what is wrong', (_what, csv, line, message) => {
    let caught: unknown
    try {
      parseDrive(csv)
    } catch (error) {
      caught = error
    }
    expect(isConvoyError(caught, 'drive-malformed')).toBe(true)
    const error = caught as ConvoyError
    expect(error.message).toMatch(message)
    if (line !== undefined) {
      expect(error.message).toContain(`Line ${line} `)
      expect(error.details).toEqual({ line })
    }
  })
})

describe('drives', () => {
  it('loop without a jump in speed or distance, before their start as well as beyond their end', () => {
    const drive = parseDrive('0,8\n10,14\n20,1\n')
    const before = moment()
    const after = moment()
    for (const seam of [-drive.period, 0, 20, drive.period, 5 * drive.period]) {
      drive.momentAt(seam - 1e-6, before)
      drive.momentAt(seam + 1e-6, after)
      expect(after.speed).toBeCloseTo(before.speed, 4)
      expect(after.distance - before.distance).toBeCloseTo(before.speed * 2e-6, 9)
    }
    expect(drive.momentAt(drive.period * 3, moment()).distance).toBeCloseTo(drive.length * 3, 9)
  })

  it('give distance as the exact integral of speed', () => {
    const drive = generatedDrive(seededRandom(3))
    const [a, middle, b] = [moment(), moment(), moment()]
    for (let time = -50; time < drive.period + 50; time += 0.1) {
      drive.momentAt(time, a)
      drive.momentAt(time + 0.05, middle)
      drive.momentAt(time + 0.1, b)
      expect(b.distance).toBeGreaterThanOrEqual(a.distance)
      expect(b.distance - a.distance).toBeCloseTo((0.1 * (a.speed + 4 * middle.speed + b.speed)) / 6, 3)
    }
  })

  it('refuse fewer than two samples', () => {
    expect(() => new Drive([0], [1])).toThrow(ConvoyError)
  })
})

describe('generated drives', () => {
  it('accelerate as trucks do, stop several times, and begin rolling, whatever the seed', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const drive = generatedDrive(seededRandom(seed))
      const now = moment()
      let stops = 0
      let wasMoving = true
      expect(drive.momentAt(0, now).speed).toBeGreaterThan(15)
      for (let time = 0; time < drive.period; time += 0.05) {
        drive.momentAt(time, now)
        if (now.acceleration < -2.7 || now.acceleration > 2.4 || now.speed > 22.5) {
          expect.fail(`seed ${seed} at ${time} s: ${now.acceleration} m/s² at ${now.speed} m/s`)
        }
        const isMoving = now.speed > 0.01
        if (wasMoving && !isMoving) stops++
        wasMoving = isMoving
      }
      expect(stops).toBe(6)
    }
  })

  it('are the same for the same seed', () => {
    const [one, other] = [generatedDrive(seededRandom(9)), generatedDrive(seededRandom(9))]
    expect(one.momentAt(77.7, moment())).toEqual(other.momentAt(77.7, moment()))
  })
})
