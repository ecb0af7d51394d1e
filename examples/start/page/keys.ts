import type { Pedals } from './playerTruck.ts'

/** Lets the keyboard work the pedals that `pedals` gives; undefined while nobody drives. */
export function listenToKeys(pedals: () => Pedals | undefined): void {
  const press = (event: KeyboardEvent, isDown: boolean): void => {
    const current = pedals()
    // Keys in the chat's text belong to the chat.
    if (current === undefined || event.target instanceof HTMLInputElement) return
    switch (event.key) {
      case 'ArrowUp':
        current.accelerate = isDown
        break
      case 'ArrowDown':
        current.brake = isDown
        break
      case 'ArrowLeft':
        if (isDown) current.lane = 1
        break
      case 'ArrowRight':
        if (isDown) current.lane = 0
        break
      case 'f':
        if (isDown && !event.repeat) current.lights = !current.lights
        break
      default:
        return
    }
    event.preventDefault()
  }
  addEventListener('keydown', (event) => press(event, true))
  addEventListener('keyup', (event) => press(event, false))
  // A key let go in another window is never seen here.
  addEventListener('blur', () => {
    const current = pedals()
    if (current !== undefined) Object.assign(current, { accelerate: false, brake: false })
  })
}
