import { emptyRoutePose, type DriveRoute } from 'openconvoy/testing'
import { markingColor } from './palette.ts'

/** Points of the outline. */
const outlinePoints = 400

/** CSS pixels. */
const size = { width: 210, height: 110 }
const margin = 18

/** A small map of the whole route in a corner of the picture. */
export class Overview {
  readonly #outline: readonly { x: number; z: number }[]
  readonly #centre: { x: number; z: number }
  readonly #scale: number

  constructor(route: DriveRoute) {
    this.#outline = Array.from({ length: outlinePoints + 1 }, (_, index) => {
      const { x, z } = route.poseAt((route.length * index) / outlinePoints, emptyRoutePose())
      return { x, z }
    })
    const xs = this.#outline.map((point) => point.x)
    const zs = this.#outline.map((point) => point.z)
    const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...zs), Math.max(...zs)]
    this.#centre = { x: (west + east) / 2, z: (north + south) / 2 }
    this.#scale = Math.min(size.width / (east - west), size.height / (south - north))
  }

  /** Draws it into the upper right corner of a picture `width` CSS pixels wide. */
  draw(
    context: CanvasRenderingContext2D,
    width: number,
    trucks: readonly { x: number; z: number; color: string }[],
  ): void {
    const at = (point: { x: number; z: number }): [number, number] => [
      width - margin - size.width / 2 + (point.x - this.#centre.x) * this.#scale,
      margin + size.height / 2 + (point.z - this.#centre.z) * this.#scale,
    ]
    context.strokeStyle = markingColor
    context.lineWidth = 1.2
    context.globalAlpha = 0.7
    context.beginPath()
    for (const point of this.#outline) context.lineTo(...at(point))
    context.stroke()
    context.globalAlpha = 1
    for (const truck of trucks) {
      context.fillStyle = truck.color
      context.beginPath()
      context.arc(...at(truck), 3, 0, 2 * Math.PI)
      context.fill()
    }
  }
}
