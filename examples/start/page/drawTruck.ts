import { vehicleFlags, type VehicleState } from 'openconvoy'

// Metres, in the truck's own axes: forward is −Y, the drive axle is at 0.
const width = 2.5
const cab = { front: -5.1, length: 2.4 }
const frame = { front: -2.7, length: 3.7, width: 1 }
const trailerBody = { front: -1.2, length: 13.6 }
const beam = { length: 34, spread: 7 }

/** Draws a truck with its trailers, seen from above, onto a context in metres. */
export function drawTruck(
  context: CanvasRenderingContext2D,
  state: Readonly<VehicleState>,
  color: string,
): void {
  context.save()
  context.translate(state.x, state.z)
  // A canvas turns clockwise, headings count the other way.
  context.rotate(-state.heading * 2 * Math.PI)
  if ((state.flags & vehicleFlags.lowBeam) !== 0) drawBeam(context)
  box(context, frame.front, frame.length, frame.width, '#2b3642')
  drawTrailer(context, state, color)
  box(context, cab.front, cab.length, width, color)
  box(context, cab.front + 0.35, 0.6, width - 0.5, '#0d1218')
  context.restore()
}

function drawTrailer(context: CanvasRenderingContext2D, state: Readonly<VehicleState>, color: string): void {
  const isBraking = (state.flags & vehicleFlags.brakeLights) !== 0
  if (state.trailerCount === 0) return drawBrakeLights(context, frame.front + frame.length, isBraking)
  context.save()
  for (const trailer of state.trailers.slice(0, state.trailerCount)) {
    context.rotate(-trailer.yaw * 2 * Math.PI)
    box(context, trailerBody.front, trailerBody.length, width, '#d5dde5')
    box(context, trailerBody.front, 0.9, width, color)
    // The next one hangs behind this one's axles.
    context.translate(0, trailerBody.front + trailerBody.length)
    drawBrakeLights(context, 0, isBraking)
  }
  context.restore()
}

function drawBrakeLights(context: CanvasRenderingContext2D, y: number, areOn: boolean): void {
  context.fillStyle = areOn ? '#ff4b3e' : '#6d1f1b'
  for (const x of [-width / 2 + 0.1, width / 2 - 0.6]) context.fillRect(x, y - 0.25, 0.5, 0.25)
  if (!areOn) return
  const glow = context.createRadialGradient(0, y, 0, 0, y, 5)
  glow.addColorStop(0, 'rgb(255 60 45 / 0.45)')
  glow.addColorStop(1, 'rgb(255 60 45 / 0)')
  context.fillStyle = glow
  context.fillRect(-5, y - 5, 10, 10)
}

function drawBeam(context: CanvasRenderingContext2D): void {
  const light = context.createLinearGradient(0, cab.front, 0, cab.front - beam.length)
  light.addColorStop(0, 'rgb(255 240 200 / 0.2)')
  light.addColorStop(1, 'rgb(255 240 200 / 0)')
  context.fillStyle = light
  context.beginPath()
  context.moveTo(-width / 2, cab.front)
  context.lineTo(width / 2, cab.front)
  context.lineTo(beam.spread, cab.front - beam.length)
  context.lineTo(-beam.spread, cab.front - beam.length)
  context.fill()
}

function box(
  context: CanvasRenderingContext2D,
  y: number,
  length: number,
  wide: number,
  color: string,
): void {
  context.fillStyle = color
  context.beginPath()
  context.roundRect(-wide / 2, y, wide, length, 0.25)
  context.fill()
}
