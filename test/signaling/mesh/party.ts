import type {
  MeshNetworkHandlers,
  MeshPeer,
  MeshStream,
  StreamKind,
} from '../../../signaling/mesh/meshNetwork.ts'
import {
  decodeRouteFrame,
  encodeFeedFrame,
  encodeRouteFrame,
  type FeedFrame,
  type RouteFrame,
} from '../../../signaling/mesh/frames.ts'
import { meshVersion } from '../../../signaling/mesh/constants.ts'
import type { SimulatedMesh, SimulatedMeshStream } from './simulatedMesh.ts'

/** Something in the place of a service that says what a test wants it to say. */
export class Party implements MeshNetworkHandlers {
  readonly #world: SimulatedMesh
  readonly id: string
  /** Streams that were opened to it, and what came on the routes. */
  readonly routes: { stream: MeshStream; frames: RouteFrame[] }[] = []
  /** What it does with a route that is opened to it. */
  onRoute: (stream: MeshStream) => void = () => {}

  constructor(world: SimulatedMesh, id: string) {
    this.#world = world
    this.id = id
    world.party(id, this)
  }

  joined(_peer: MeshPeer): void {}
  left(_id: string): void {}

  stream(_id: string, kind: StreamKind, stream: MeshStream): void {
    if (kind === 'feed') return void this.#drain(stream)
    const route = { stream, frames: [] as RouteFrame[] }
    this.routes.push(route)
    void this.#read(stream, route.frames)
    this.onRoute(stream)
  }

  /** A feed to a service, with whatever frames. */
  feed(to: string, ...frames: FeedFrame[]): SimulatedMeshStream {
    const stream = this.#world.open(this.id, to, 'feed')
    for (const frame of [{ type: 'feed', version: meshVersion } as const, ...frames])
      stream.send(encodeFeedFrame(frame))
    return stream
  }

  /** A route to a session at a service. */
  open(
    to: string,
    session: Uint8Array,
    origin: Uint8Array | null = null,
  ): { stream: MeshStream; frames: RouteFrame[] } {
    const stream = this.#world.open(this.id, to, 'route')
    stream.send(encodeRouteFrame({ type: 'open', version: meshVersion, session, origin }))
    const route = { stream, frames: [] as RouteFrame[] }
    void this.#read(stream, route.frames)
    return route
  }

  async #drain(stream: MeshStream): Promise<void> {
    while ((await stream.next()) !== undefined);
  }

  async #read(stream: MeshStream, frames: RouteFrame[]): Promise<void> {
    for (let bytes = await stream.next(); bytes !== undefined; bytes = await stream.next())
      frames.push(decodeRouteFrame(bytes))
  }
}
