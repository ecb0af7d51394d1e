// Starting and stopping signaling services from inside a page; pageServices.ts runs them.

/** What the page asks for. One service at a time; `stop` without one does nothing. */
export type SignalingRequest = { type: 'start'; port: number } | { type: 'stop' } | { type: 'count' }

/** How the service is after that. */
export interface SignalingAnswer {
  url: string
  port: number
  clients: number
}

/** A signaling service of one page. */
export interface SignalingControl {
  /** Starts a service at `port`, or at a free one where it is 0. */
  ask(request: SignalingRequest): Promise<SignalingAnswer>
  close(): void
}

/** Opens a way to control a signaling service in the process behind `services`, its own for each call. */
export async function controlSignaling(services: string): Promise<SignalingControl> {
  const socket = new WebSocket(`${services}/signaling`)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`Nothing answers at ${services}.`))
  })
  const waiting: ((answer: SignalingAnswer) => void)[] = []
  socket.onmessage = ({ data }: MessageEvent<string>) =>
    waiting.shift()?.(JSON.parse(data) as SignalingAnswer)
  return {
    ask: (request) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        socket.send(JSON.stringify(request))
      }),
    close: () => socket.close(),
  }
}
