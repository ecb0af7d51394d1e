import { ConvoyError } from '../lib/core/index.ts'
import { isWildcard } from './addresses.ts'

/** What to tell people when a port can't be listened on. */
export function listenError(cause: unknown, host: string, port: number, kind: 'TCP' | 'UDP'): ConvoyError {
  const place = isWildcard(host) ? '' : ` on ${host}`
  const code = (cause as NodeJS.ErrnoException).code
  switch (code) {
    case 'EADDRINUSE':
      return new ConvoyError(
        'port-in-use',
        `${kind} port ${port}${place} is in use by another program: stop that one, or choose another port (0 picks a free one).`,
        { cause },
      )
    case 'EACCES':
      return new ConvoyError(
        'not-permitted',
        `This user may not listen on ${kind} port ${port}: choose one above 1023.`,
        { cause },
      )
    default:
      return new ConvoyError(
        'invalid-argument',
        `Can't listen on ${host}, ${kind} port ${port}: is ${host} an address of this machine?`,
        { cause },
      )
  }
}
