import type { NetworkReport, Verdict } from './networkReport.ts'

/** What the findings come to for a player. */
export function verdictOf({ services, ipv4, ipv6, turn }: Omit<NetworkReport, 'verdict'>): Verdict {
  if (services.length > 0 && !services.some(({ reached }) => reached)) return 'no-service'
  const hasRelay = turn.some(({ outcome }) => outcome === 'relay')
  const families = [ipv4, ipv6].filter(({ udp }) => udp === true)
  if (families.length === 0) return hasRelay ? 'relayed' : 'blocked'
  // Most players have IPv4 only, so that is what counts where it is there.
  const { mapping } = ipv4.udp === true ? ipv4 : ipv6
  switch (mapping) {
    case 'none':
    case 'shared':
      return 'direct'
    case 'per-destination':
      return hasRelay ? 'relayed' : 'limited'
    case 'unknown':
      return hasRelay ? 'relayed' : 'unclear'
  }
}
