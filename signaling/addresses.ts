import { isIP, isIPv6 } from 'node:net'

/** Text of an IP address in its one usual form: IPv4 also when it came mapped into IPv6. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
}

/** Whether only this machine has the address. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address)
  return plain === '::1' || plain === 'localhost' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** Whether it stands for every interface. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** As the host of a URL. */
export function urlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}

/**
 * What limits per address are counted by: an IPv4 address, or the /64 of an IPv6 one, since every household
 * has that many at its disposal.
 */
export function limitKey(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return `${groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

/**
 * The address that a proxy in front of the service saw: the last in `X-Forwarded-For`, since earlier ones are
 * whatever the client claimed. Undefined when there is none.
 */
export function forwardedAddress(header: string | string[] | undefined): string | undefined {
  const last = (Array.isArray(header) ? header.join(',') : header)?.split(',').at(-1)?.trim()
  return last !== undefined && isIP(last) !== 0 ? last : undefined
}
