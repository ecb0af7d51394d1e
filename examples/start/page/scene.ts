import type { Member, VehicleState } from 'openconvoy'
import { Camera } from './camera.ts'
import { drawTruck } from './drawTruck.ts'
import { Overview } from './overview.ts'
import { gridColor, groundColor, textColor, truckColor } from './palette.ts'
import type { Road } from './road.ts'
import { Scenery } from './scenery.ts'
import { Trails } from './trails.ts'

/** A truck to draw. */
export interface SceneTruck {
  readonly member: Member
  readonly state: Readonly<VehicleState>
  readonly opacity: number
}

/** Metres between lines of the ground's grid. */
const gridSpacing = 50

/** Metres behind the truck's axle at which its name hangs. */
const tagOffset = 4

/** The picture: ground, road, trails, trucks and names, seen from above. */
export class Scene {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #camera: Camera
  readonly #road: Road
  readonly #scenery: Scenery
  readonly #overview: Overview
  readonly #trails = new Trails()
  #along: number | undefined

  constructor(canvas: HTMLCanvasElement, road: Road) {
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('This browser has no canvas to draw on.')
    this.#canvas = canvas
    this.#context = context
    this.#camera = new Camera(!matchMedia('(prefers-reduced-motion: reduce)').matches)
    this.#road = road
    this.#scenery = new Scenery(road)
    this.#overview = new Overview(road.route)
    canvas.addEventListener('wheel', (event) => this.#camera.zoomBy(event.deltaY), { passive: true })
  }

  /** Draws all `trucks`, following `target`, `seconds` after the frame before. */
  draw(trucks: readonly SceneTruck[], target: SceneTruck | undefined, seconds: number): void {
    const pixelRatio = this.#fitCanvas()
    if (target !== undefined) {
      const { x, z, heading } = target.state
      this.#camera.follow(x, z, heading, seconds)
      this.#along = this.#road.locate(x, z, this.#stillNear(x, z))
    }
    const context = this.#context
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.fillStyle = groundColor
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height)
    if (this.#along === undefined) return
    this.#camera.apply(context, pixelRatio)
    this.#drawGrid()
    const { x, z, reach } = this.#camera
    this.#scenery.draw(context, x, z, reach, this.#along)
    this.#road.draw(context, this.#along, reach)
    this.#drawTrucks(trucks)
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0)
    this.#drawNames(trucks)
    const dots = trucks.map(({ member, state }) => ({
      x: state.x,
      z: state.z,
      color: truckColor(member.slot),
    }))
    this.#overview.draw(context, this.#camera.width, dots)
  }

  /** The last place on the road while the truck is near it; after a change of truck the whole road is searched. */
  #stillNear(x: number, z: number): number | undefined {
    if (this.#along === undefined) return undefined
    const { x: roadX, z: roadZ } = this.#road.placeAt(this.#along)
    return Math.hypot(roadX - x, roadZ - z) < gridSpacing ? this.#along : undefined
  }

  #fitCanvas(): number {
    const { clientWidth, clientHeight } = this.#canvas
    const pixelRatio = devicePixelRatio
    const [width, height] = [Math.round(clientWidth * pixelRatio), Math.round(clientHeight * pixelRatio)]
    if (this.#canvas.width !== width) this.#canvas.width = width
    if (this.#canvas.height !== height) this.#canvas.height = height
    this.#camera.width = clientWidth
    this.#camera.height = clientHeight
    return pixelRatio
  }

  #drawGrid(): void {
    const { x, z, reach } = this.#camera
    const context = this.#context
    // Zoomed out, every line would be a wall of them.
    const spacing = gridSpacing * Math.max(1, 2 ** Math.ceil(Math.log2(reach / 1_000)))
    context.beginPath()
    for (let at = Math.ceil((x - reach) / spacing) * spacing; at < x + reach; at += spacing) {
      context.moveTo(at, z - reach)
      context.lineTo(at, z + reach)
    }
    for (let at = Math.ceil((z - reach) / spacing) * spacing; at < z + reach; at += spacing) {
      context.moveTo(x - reach, at)
      context.lineTo(x + reach, at)
    }
    context.strokeStyle = gridColor
    context.lineWidth = 1 / this.#camera.scale
    context.stroke()
  }

  #drawTrucks(trucks: readonly SceneTruck[]): void {
    this.#trails.keepOnly(new Set(trucks.map(({ member }) => member.id)))
    for (const { member, state } of trucks) {
      this.#trails.add(member.id, state.x, state.z)
      this.#trails.draw(this.#context, member.id, truckColor(member.slot))
    }
    for (const { member, state, opacity } of trucks) {
      this.#context.globalAlpha = opacity
      drawTruck(this.#context, state, truckColor(member.slot))
    }
    this.#context.globalAlpha = 1
  }

  #drawNames(trucks: readonly SceneTruck[]): void {
    const context = this.#context
    context.font = '600 13px system-ui, sans-serif'
    context.textBaseline = 'middle'
    for (const { member, state, opacity } of trucks) {
      const { x, y } = this.#camera.toPicture(state.x, state.z)
      const width = context.measureText(member.name).width + 16
      const left = x + tagOffset * this.#camera.scale
      context.globalAlpha = 0.85 * opacity
      context.fillStyle = '#05080b'
      context.beginPath()
      context.roundRect(left, y - 11, width, 22, 6)
      context.fill()
      context.fillStyle = truckColor(member.slot)
      context.fillRect(left, y - 11, 3, 22)
      context.fillStyle = textColor
      context.fillText(member.name, left + 9, y + 1)
    }
    context.globalAlpha = 1
  }
}
