import { joinConvoy, vehicleFlags, type RemoteVehicle } from 'openconvoy'

// The smallest page: joins the convoy whose invite stands behind the # of its own address, and draws all trucks
// from above, north up. The fragment never reaches the server that the page comes from.

/** Metres from one edge of the map to the other: a convoy of eight with room to move. */
const mapMetres = 300

/** A long-haul tractor, metres. */
const truck = { width: 2.5, length: 6 }

const status = document.querySelector<HTMLElement>('#status')
const map = document.querySelector<HTMLCanvasElement>('#map')
const context = map?.getContext('2d')
if (!status || !map || !context) throw new Error('The page lacks its status line or its map.')

const centre = { x: 0, z: 0 }

/** Moves the map on when the first truck has driven off it. */
const keepInView = ({ state }: RemoteVehicle): void => {
  if (Math.hypot(state.x - centre.x, state.z - centre.z) > mapMetres / 2) {
    centre.x = state.x
    centre.z = state.z
  }
}

const draw = ({ state, opacity }: RemoteVehicle): void => {
  const scale = map.width / mapMetres
  context.save()
  context.translate(
    map.width / 2 + (state.x - centre.x) * scale,
    map.height / 2 + (state.z - centre.z) * scale,
  )
  // Headings turn counter-clockwise, canvases clockwise.
  context.rotate(-2 * Math.PI * state.heading)
  context.scale(scale, scale)
  context.globalAlpha = state.flags & vehicleFlags.ghost ? opacity / 2 : opacity
  context.fillStyle = '#c21'
  context.fillRect(-truck.width / 2, -truck.length / 2, truck.width, truck.length)
  context.restore()
}

try {
  const convoy = await joinConvoy(location.href, { name: 'Map', vehicleClass: null })
  addEventListener('pagehide', () => void convoy.close())
  convoy.on('closed', () => (status.textContent = 'The convoy is over.'))

  const drawFrame = (): void => {
    const vehicles = convoy.vehicles.sample()
    context.clearRect(0, 0, map.width, map.height)
    if (vehicles[0] !== undefined) keepInView(vehicles[0])
    for (const vehicle of vehicles) draw(vehicle)
    status.textContent = `${vehicles.length} of ${convoy.members.length} members on the map`
    requestAnimationFrame(drawFrame)
  }
  drawFrame()
} catch (error) {
  status.textContent = error instanceof Error ? error.message : String(error)
}
