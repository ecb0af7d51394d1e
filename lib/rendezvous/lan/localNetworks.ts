import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { mostInterfaces } from './constants.ts'

/** IPv4 addresses of this machine by which it speaks to neighbours; the loopback's where it has no other. */
export function ownAddresses(): string[] {
  const all = ipv4Interfaces()
  const outside = all.filter(({ internal }) => !internal)
  return (outside.length > 0 ? outside : all).map(({ address }) => address).slice(0, mostInterfaces)
}

/** Whether `address` belongs to a network that this machine is on: strangers further away are nobody's neighbours. */
export function isNeighbour(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '')
  if (!isIPv4(plain)) return false
  const near = new BlockList()
  for (const { cidr } of ipv4Interfaces()) {
    const [network = '', prefix = '32'] = cidr?.split('/') ?? []
    near.addSubnet(network, Number(prefix), 'ipv4')
  }
  return near.check(plain, 'ipv4')
}

function ipv4Interfaces() {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family }) => family === 'IPv4')
}
