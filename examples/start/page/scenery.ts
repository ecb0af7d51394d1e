import { treeColors } from './palette.ts'
import type { Road } from './road.ts'

/** Metres: one tree may stand in each square of this side. */
const square = 18

/** Share of the squares that have one. */
const density = 0.45

/** Metres from the road's line that stay free. */
const clearing = 14

/** Zoomed out farther than this many metres, trees would be a mere haze. */
const farthest = 450

/** Squares remembered before all are forgotten: enough for many screens. */
const remembered = 20_000

interface Tree {
  readonly x: number
  readonly z: number
  readonly radius: number
  readonly color: string
}

/** Trees beside the road: the same ones at the same places for everybody, so that speed can be felt. */
export class Scenery {
  readonly #road: Road
  readonly #trees = new Map<string, Tree | undefined>()

  constructor(road: Road) {
    this.#road = road
  }

  /** Draws the trees around a point, onto a context in metres; `along` is the road's place near it. */
  draw(context: CanvasRenderingContext2D, x: number, z: number, reach: number, along: number): void {
    if (reach > farthest) return
    if (this.#trees.size > remembered) this.#trees.clear()
    for (let column = Math.floor((x - reach) / square); column * square < x + reach; column++) {
      for (let row = Math.floor((z - reach) / square); row * square < z + reach; row++) {
        const tree = this.#treeIn(column, row, along)
        if (tree === undefined) continue
        context.fillStyle = tree.color
        context.beginPath()
        context.arc(tree.x, tree.z, tree.radius, 0, 2 * Math.PI)
        context.fill()
      }
    }
  }

  #treeIn(column: number, row: number, along: number): Tree | undefined {
    const key = `${column},${row}`
    if (this.#trees.has(key)) return this.#trees.get(key)
    const tree = this.#plant(column, row, along)
    this.#trees.set(key, tree)
    return tree
  }

  #plant(column: number, row: number, along: number): Tree | undefined {
    if (chance(column, row, 0) > density) return undefined
    const x = (column + chance(column, row, 1)) * square
    const z = (row + chance(column, row, 2)) * square
    const place = this.#road.placeAt(this.#road.locate(x, z, along, farthest))
    if (Math.hypot(place.x - x, place.z - z) < clearing) return undefined
    const kind = chance(column, row, 3)
    return { x, z, radius: 2 + 3 * kind, color: treeColors[Math.floor(kind * treeColors.length)] ?? '' }
  }
}

/** A number of at least 0 and less than 1 that belongs to a square: a multiplicative hash of its coordinates. */
function chance(column: number, row: number, which: number): number {
  let hash = Math.imul(column, 0x9e3779b1) ^ Math.imul(row, 0x85ebca6b) ^ Math.imul(which + 1, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 13), 0x297a2d39)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
