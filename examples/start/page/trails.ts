/** Metres between points, and how many are kept. */
const spacing = 4
const length = 60

interface Point {
  readonly x: number
  readonly z: number
}

/** Where trucks have just been. */
export class Trails {
  readonly #points = new Map<string, Point[]>()

  /** Notes where a truck is now. */
  add(memberId: string, x: number, z: number): void {
    const points = this.#points.get(memberId) ?? []
    const last = points.at(-1)
    if (last !== undefined && Math.hypot(last.x - x, last.z - z) < spacing) return
    points.push({ x, z })
    if (points.length > length) points.shift()
    this.#points.set(memberId, points)
  }

  /** Forgets those that are gone. */
  keepOnly(memberIds: ReadonlySet<string>): void {
    for (const id of this.#points.keys()) {
      if (!memberIds.has(id)) this.#points.delete(id)
    }
  }

  /** Draws the trail of one truck, onto a context in metres. */
  draw(context: CanvasRenderingContext2D, memberId: string, color: string): void {
    const points = this.#points.get(memberId) ?? []
    context.strokeStyle = color
    context.lineWidth = 0.7
    for (let index = 1; index < points.length; index++) {
      const [from, to] = [points[index - 1], points[index]]
      if (from === undefined || to === undefined) continue
      context.globalAlpha = (0.4 * index) / points.length
      context.beginPath()
      context.moveTo(from.x, from.z)
      context.lineTo(to.x, to.z)
      context.stroke()
    }
    context.globalAlpha = 1
  }
}
