import { lookup } from 'node:dns/promises'
import type { Server } from 'node:http'
import { ConvoyError } from '../lib/core/index.ts'
import { listenError } from './listenError.ts'

/** @throws ConvoyError `invalid-argument` for a host that has no address. */
export async function resolveHost(host: string): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch (cause) {
    throw new ConvoyError('invalid-argument', `There is no host "${host}" to listen on.`, { cause })
  }
}

/** @throws ConvoyError `invalid-argument` for what is no port. */
export function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConvoyError('invalid-argument', `A port is a whole number from 0 to 65535, not ${port}.`)
  }
}

/** @throws ConvoyError `port-in-use`, `not-permitted` or `invalid-argument`. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void => reject(listenError(cause, host, port, 'TCP'))
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve()
    })
  })
}
