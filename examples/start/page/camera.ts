/** Pixels per metre at the start, and how far zooming goes. */
const zoom = { initial: 4.5, min: 0.4, max: 16 }

/** Seconds in which the camera makes up for e^-1 of what it lags behind. */
const turnTime = 0.5
const moveTime = 0.15

/** Farther than this, in metres, it jumps instead of flying. */
const jumpDistance = 2_000

/** Where the followed truck stands in the picture, as a share of its height: more road ahead than behind. */
const eyeLevel = 0.66

/** Looks down on the truck it follows, turned so that it drives up the picture. */
export class Camera {
  /** Pixels per metre. */
  scale = zoom.initial
  x = 0
  z = 0
  /** Radians, as a heading. */
  angle = 0
  width = 1
  height = 1
  readonly #turns: boolean
  #placed = false

  /** @param turns - false keeps north up, for people who ask for less motion. */
  constructor(turns: boolean) {
    this.#turns = turns
  }

  /** Zooms by the amount a wheel turned, in its own unit. */
  zoomBy(wheelDelta: number): void {
    this.scale = Math.min(zoom.max, Math.max(zoom.min, this.scale * Math.exp(-wheelDelta / 600)))
  }

  /** Moves on towards a truck; `heading` in turns. */
  follow(x: number, z: number, heading: number, seconds: number): void {
    const angle = this.#turns ? heading * 2 * Math.PI : 0
    if (!this.#placed || Math.hypot(x - this.x, z - this.z) > jumpDistance) {
      this.#placed = true
      Object.assign(this, { x, z, angle })
      return
    }
    const move = 1 - Math.exp(-seconds / moveTime)
    this.x += (x - this.x) * move
    this.z += (z - this.z) * move
    const turn = angle - this.angle
    const shortest = turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI))
    this.angle += shortest * (1 - Math.exp(-seconds / turnTime))
  }

  /** Makes `context` draw in metres, X east and Z south, around the camera. */
  apply(context: CanvasRenderingContext2D, pixelRatio: number): void {
    const scale = this.scale * pixelRatio
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0)
    context.translate(this.width / 2, this.height * eyeLevel)
    context.rotate(this.angle)
    context.scale(scale / pixelRatio, scale / pixelRatio)
    context.translate(-this.x, -this.z)
  }

  /** Where a point of the map is in the picture, in CSS pixels. */
  toPicture(x: number, z: number): { x: number; y: number } {
    const [dx, dz] = [(x - this.x) * this.scale, (z - this.z) * this.scale]
    const [cos, sin] = [Math.cos(this.angle), Math.sin(this.angle)]
    return { x: this.width / 2 + dx * cos - dz * sin, y: this.height * eyeLevel + dx * sin + dz * cos }
  }

  /** Metres from the camera to the farthest corner of the picture. */
  get reach(): number {
    return Math.hypot(this.width, this.height) / this.scale
  }
}
