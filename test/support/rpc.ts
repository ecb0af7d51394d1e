/** Questions to a service for tests over a WebSocket, answered in order. */
export interface Rpc<Request, Answer> {
  ask(request: Request): Promise<Answer>
  close(): void
}

/** Opens one from a page. */
export async function openRpc<Request, Answer>(url: string): Promise<Rpc<Request, Answer>> {
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`Nothing answers at ${url}.`))
  })
  const waiting: ((answer: Answer) => void)[] = []
  socket.onmessage = ({ data }: MessageEvent<string>) => waiting.shift()?.(JSON.parse(data) as Answer)
  return {
    ask: (request) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        socket.send(JSON.stringify(request))
      }),
    close: () => socket.close(),
  }
}
