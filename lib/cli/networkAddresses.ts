import { networkInterfaces } from 'node:os'

/** The addresses by which others on the same networks reach this machine, IPv4 first. */
export function networkAddresses(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    // Link-local ones (fe80::, 169.254.) need an interface name, which differs between machines.
    .filter(
      ({ internal, address }) => !internal && !address.startsWith('fe80:') && !address.startsWith('169.254.'),
    )
  const of = (family: string): string[] =>
    addresses.filter((entry) => entry.family === family).map(({ address }) => address)
  return [...of('IPv4'), ...of('IPv6').map((address) => `[${address}]`)]
}

/** The address that stands for every interface: both families where the machine has IPv6. */
export function everyInterface(): string {
  const entries = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return entries.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0'
}
