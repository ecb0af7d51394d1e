import pc from 'picocolors'
import type { FamilyReport, NetworkReport, ServiceReport, TurnReport, Verdict } from './networkReport.ts'

/** IP packets that links send at most (pathMtuBytes of lib/rtc): what a path must let through. */
const neededPacket = 1_150

/** The findings in words, and what they mean for a player. */
export function describeNetwork(report: NetworkReport): string {
  const { services, ipv4, ipv6, turn, verdict } = report
  const relay = turn.find(({ outcome }) => outcome === 'relay')
  return [
    ...(services.length === 0 ? [] : [pc.bold('Finding each other'), ...services.map(serviceLine), '']),
    pc.bold('UDP'),
    ...familyLines('IPv4', ipv4),
    ...familyLines('IPv6', ipv6),
    '',
    pc.bold('Relays (TURN)'),
    ...(turn.length === 0
      ? [line(unknown, 'no TURN server is known: neither a service nor --turn named one')]
      : turn.map(turnLine)),
    '',
    pc.bold('What this means'),
    ...meaning(verdict, relay !== undefined).map((text) => `  ${text}`),
    ...advice(report).map((text) => `  ${text}`),
  ].join('\n')
}

const good = pc.green('yes')
const bad = pc.red('no')
const unknown = pc.yellow('?')

function line(sign: string, text: string): string {
  return `  ${sign.padEnd(4)} ${text}`
}

function serviceLine(service: ServiceReport): string {
  return service.reached
    ? line(good, `${service.url} answers (${service.ms} ms)`)
    : line(bad, service.problem)
}

function familyLines(name: string, family: FamilyReport): string[] {
  if (family.udp === null) {
    const has = family.local.some((address) => address !== '127.0.0.1' && address !== '::1')
    const why = has ? 'no STUN server with such an address to ask' : 'this machine has no such address'
    return [line(unknown, `${name}: ${why}`)]
  }
  if (!family.udp) {
    return [
      line(bad, `${name}: none of ${family.asked.join(', ')} answered; UDP is blocked, or they are down`),
    ]
  }
  const [seen] = family.seenAs
  return [
    line(good, `${name}: UDP gets out and back; others see you as ${seen?.address ?? 'somebody'}`),
    mappingLine(family),
    ...(family.hairpin === null ? [] : [line(family.hairpin ? good : unknown, hairpinText(family.hairpin))]),
    ...packetLines(family.largestPacket),
  ]
}

function hairpinText(works: boolean): string {
  return works
    ? 'your router turns packets to your own outer address around (hairpinning)'
    : 'your router does not turn packets to your own outer address around; within your home, links use inner addresses'
}

function mappingLine({ mapping, seenAs }: FamilyReport): string {
  switch (mapping) {
    case 'none':
      return line(good, 'no router changes your address')
    case 'shared':
      return line(good, 'your router keeps one port for everybody, so others can be told where you are')
    case 'per-destination': {
      const views = seenAs.map(({ at, address }) => `${address} at ${at}`).join(', ')
      return line(bad, `your router shows each server another port (symmetric NAT): ${views}`)
    }
    case 'unknown':
      return line(
        unknown,
        'whether your router keeps one port for everybody takes two servers to tell; name another one with --stun',
      )
  }
}

function packetLines(largest: number | null): string[] {
  if (largest === null) return [line(unknown, 'packet sizes: no server here answers padded requests')]
  if (largest < neededPacket) return [line(bad, `packets of ${neededPacket} bytes get lost on the way`)]
  return [line(good, `packets of ${largest} bytes get through`)]
}

function turnLine(turn: TurnReport): string {
  const { url, outcome, code } = turn
  const suffix = code === undefined ? '' : ` (${code})`
  switch (outcome) {
    case 'relay':
      return line(good, `${url} gives you a relay`)
    case 'credentials-refused':
      return line(
        bad,
        `${url} refuses the credentials${suffix}: they have expired, or are those of another server`,
      )
    case 'refused':
      return line(
        bad,
        `${url} gives no relay${suffix}${code === 486 ? ': your quota is used up' : code === 508 ? ': it is full' : ''}`,
      )
    case 'silent':
      return line(bad, `${url} does not answer: it is down, or a firewall is in the way`)
    case 'unauthentic':
      return line(bad, `${url} answers, but not as a TURN server that knows these credentials does`)
    case 'not-found':
      return line(bad, `${url}: there is no such host`)
  }
}

function meaning(verdict: Verdict, hasRelay: boolean): string[] {
  const others = hasRelay
    ? 'Those behind routers that change ports reach you through the relay.'
    : 'With a player behind a router that changes ports (symmetric NAT) you would need a relay, and none works here.'
  switch (verdict) {
    case 'direct':
      return [pc.green('Friends can connect to you directly.'), others]
    case 'relayed':
      return [pc.green('You can play with anybody: where no direct way is found, the relay carries it.')]
    case 'limited':
      return [
        pc.yellow('Some friends can connect to you directly, others can’t.'),
        'You and another player behind such a router, or behind a strict one, need a relay (a TURN server), and none works here.',
      ]
    case 'unclear':
      return [
        pc.yellow('UDP works, so friends can probably connect to you. More can’t be told with one server.'),
      ]
    case 'blocked':
      return [
        pc.red(
          'Nothing connects from this network: UDP does not get through, and there is no relay that works.',
        ),
        'Let UDP out in the firewall, or use a TURN server over TCP or TLS (turns:).',
      ]
    case 'no-service':
      return [
        pc.red('No signaling service is reached, so you can neither host nor join through it.'),
        'Check the address and your connection; links that are up already do not need it.',
      ]
  }
}

function advice({ ipv4, ipv6, turn }: NetworkReport): string[] {
  const narrow = [ipv4, ipv6].some(
    ({ largestPacket }) => largestPacket !== null && largestPacket < neededPacket,
  )
  const refused = turn.some(({ outcome }) => outcome === 'credentials-refused')
  return [
    ...(narrow
      ? ['A tunnel or VPN on the way takes only small packets: full updates get lost. Raise its MTU.']
      : []),
    ...(refused
      ? [
          'The operator of the service should compare its TURN secret, and both clocks, with the TURN server’s.',
        ]
      : []),
  ]
}
