import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { isConvoyError, withDeadline, type Clock, type RandomSource } from '../../core/index.ts'
import { parseIceUrl, type IceUrl } from '../../protocol/index.ts'
import { rendezvousFrom } from '../../rendezvous/index.ts'
import { relayServers, type IceServer } from '../../rtc/index.ts'
import type { FamilyReport, Mapping, NetworkReport, ServiceReport, TurnReport } from './networkReport.ts'
import {
  addressOf,
  endpointText,
  stunAttributes,
  stunTypes,
  type Endpoint,
  type StunMessage,
} from './stun.ts'
import { StunSocket } from './stunSocket.ts'
import { probeTurn } from './turnProbe.ts'
import { verdictOf } from './verdict.ts'

/** Until a name is found or a service has answered, ms. */
const lookupWithinMs = 3_000
const serviceWithinMs = 6_000

/**
 * Sizes of IP packets that are tried: what links count on (RFC 8831's 1,200 less tunnels), the least of IPv6, a usual tunnel,
 * PPPoE, Ethernet.
 */
const packetSizes = [1_150, 1_280, 1_400, 1_492, 1_500] as const
const headerBytes = { 4: 28, 6: 48 } as const

/** What {@link examineNetwork} looks at. */
export interface Examination {
  /** Addresses of signaling services. */
  readonly services: readonly string[]
  /** Besides what the services offer. */
  readonly iceServers: readonly IceServer[]
  readonly clock: Clock
  readonly random: RandomSource
  /** Ends it early: what was not found out by then is unknown. */
  readonly signal: AbortSignal
}

interface Target extends Endpoint {
  readonly url: string
}

/** Finds out what this machine's network allows. Never throws. */
export async function examineNetwork(examination: Examination): Promise<NetworkReport> {
  const asked = await Promise.all(examination.services.map((url) => askService(url, examination)))
  const servers = [...examination.iceServers, ...asked.flatMap(({ iceServers }) => iceServers)]
  const urls = [...new Set(servers.flatMap((server) => [server.urls].flat()))]
  const found = await resolveAll(urls, examination)
  const [ipv4, ipv6, turn] = await Promise.all([
    examineFamily(4, found, examination),
    examineFamily(6, found, examination),
    askRelays(servers, found, examination),
  ])
  const services = asked.map(({ report }) => report)
  return { services, ipv4, ipv6, turn, verdict: verdictOf({ services, ipv4, ipv6, turn }) }
}

async function askService(
  url: string,
  { clock, random, signal }: Examination,
): Promise<{ report: ServiceReport; iceServers: IceServer[] }> {
  const startedAt = clock.now()
  const rendezvous = rendezvousFrom(url, { clock, random })
  try {
    await withDeadline(
      clock,
      serviceWithinMs,
      `${url} did not answer in time.`,
      rendezvous.list(signal),
      signal,
    )
    return {
      report: { url, reached: true, ms: Math.round(clock.now() - startedAt) },
      iceServers: [...rendezvous.iceServers()],
    }
  } catch (error) {
    const problem = isConvoyError(error) ? error.message : String(error)
    return { report: { url, reached: false, problem }, iceServers: [] }
  } finally {
    await rendezvous.close()
  }
}

/** Where the servers of `urls` are, of either family. */
async function resolveAll(
  urls: readonly string[],
  examination: Examination,
): Promise<ReadonlyMap<string, Endpoint[]>> {
  const { clock, signal } = examination
  const resolved = urls.map(async (url): Promise<[string, Endpoint[]]> => {
    const parsed = parseIceUrl(url)
    if (parsed === undefined) return [url, []]
    const looking = lookup(parsed.host, { all: true })
    const addresses = await withDeadline(clock, lookupWithinMs, 'no such name', looking, signal).catch(
      () => [],
    )
    return [url, addresses.map(({ address }) => ({ address, port: parsed.port }))]
  })
  return new Map(await Promise.all(resolved))
}

async function examineFamily(
  family: 4 | 6,
  found: ReadonlyMap<string, Endpoint[]>,
  { clock, random, signal }: Examination,
): Promise<FamilyReport> {
  const local = ownAddresses(family)
  const targets = targetsOf(found, family)
  const nothing = {
    local,
    asked: targets.map(({ url }) => url),
    udp: false,
    seenAs: [],
    mapping: 'unknown',
    hairpin: null,
  } as const
  const socket = targets.length === 0 ? undefined : await StunSocket.open(family, clock, random)
  if (socket === undefined)
    return { ...nothing, udp: targets.length === 0 ? null : false, largestPacket: null }
  const second = await StunSocket.open(family, clock, random)
  try {
    const answers = await seenBy(socket, targets, signal)
    const [first] = answers
    if (first === undefined) return { ...nothing, largestPacket: null }
    const [hairpin, largestPacket] = await Promise.all([
      // Without translation there is nothing to turn around.
      second === undefined || local.includes(first.as.address)
        ? null
        : second.reaches(socket, first.as, signal),
      largestAnswered(
        socket,
        answers.map(({ by }) => by),
        family,
        signal,
      ),
    ])
    return {
      ...nothing,
      udp: true,
      seenAs: answers.map(({ by, as }) => ({
        server: by.url,
        at: endpointText(by),
        address: endpointText(as),
      })),
      mapping: mappingOf(answers, local),
      hairpin,
      largestPacket,
    }
  } finally {
    socket.close()
    second?.close()
  }
}

interface Seen {
  readonly by: Target
  readonly as: Endpoint
}

/** As whom each server sees one socket; a server with a second address (RFC 5780) is asked there too. */
async function seenBy(socket: StunSocket, targets: readonly Target[], signal: AbortSignal): Promise<Seen[]> {
  const ask = async (by: Target): Promise<{ seen: Seen[]; other: Target[] }> => {
    const answer = await socket.ask(by, stunTypes.bindingRequest, signal)
    const as = answer && mappedAddress(answer.message)
    if (answer === undefined || as === undefined) return { seen: [], other: [] }
    const other = addressOf(answer.message, stunAttributes.otherAddress)
    return { seen: [{ by, as }], other: other === undefined ? [] : [{ url: by.url, ...other }] }
  }
  const first = await Promise.all(targets.map(ask))
  const others = first
    .flatMap(({ other }) => other)
    .filter((each) => !targets.some((target) => isSame(target, each)))
  const second = await Promise.all(others.slice(0, 2).map(ask))
  return [...first, ...second].flatMap(({ seen }) => seen)
}

function mappedAddress(message: StunMessage): Endpoint | undefined {
  return (
    addressOf(message, stunAttributes.xorMappedAddress) ?? addressOf(message, stunAttributes.mappedAddress)
  )
}

/** RFC 4787 section 4.1, as far as the servers that answered can tell. */
function mappingOf(answers: readonly Seen[], local: readonly string[]): Mapping {
  const [first, ...others] = answers
  if (first === undefined) return 'unknown'
  const isOurs = answers.every(({ as }) => local.includes(as.address))
  if (isOurs) return 'none'
  if (others.some(({ as }) => !isSame(as, first.as))) return 'per-destination'
  const elsewhere = others.some(({ by }) => by.address !== first.by.address)
  return elsewhere ? 'shared' : 'unknown'
}

/** The largest packet that one of the servers answered; null where none answers more than a bare request. */
async function largestAnswered(
  socket: StunSocket,
  targets: readonly Target[],
  family: 4 | 6,
  signal: AbortSignal,
): Promise<number | null> {
  const asked = targets.slice(0, 3).flatMap((target) =>
    packetSizes.map(async (size) => {
      const answer = await socket.askPadded(target, size - headerBytes[family], signal)
      return answer === undefined ? 0 : size
    }),
  )
  const largest = Math.max(0, ...(await Promise.all(asked)))
  return largest === 0 ? null : largest
}

async function askRelays(
  servers: readonly IceServer[],
  found: ReadonlyMap<string, Endpoint[]>,
  { clock, random, signal }: Examination,
): Promise<TurnReport[]> {
  const probes = relayServers(servers).flatMap(({ urls, username = '', credential = '' }) =>
    [urls].flat().map(async (url): Promise<TurnReport> => {
      const parsed = parseIceUrl(url) as IceUrl
      const [server] = found.get(url) ?? []
      if (server === undefined) return { url, transport: parsed.transport, outcome: 'not-found' }
      const { transport, host: name } = parsed
      return {
        url,
        transport,
        ...(await probeTurn({ server, transport, name, username, credential, clock, random, signal })),
      }
    }),
  )
  return Promise.all(probes)
}

/** STUN by UDP: that of STUN servers, and the one that every TURN server is besides. */
function targetsOf(found: ReadonlyMap<string, Endpoint[]>, family: 4 | 6): Target[] {
  const targets: Target[] = []
  for (const [url, endpoints] of found) {
    if (parseIceUrl(url)?.transport !== 'udp') continue
    const of = endpoints.find(({ address }) => address.includes(':') === (family === 6))
    if (of !== undefined && !targets.some((target) => isSame(target, of))) targets.push({ url, ...of })
  }
  return targets
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.address === other.address && one.port === other.port
}

/** Addresses of this machine, without those that only mean something on one cable; loopback counts, as for tests. */
function ownAddresses(family: 4 | 6): string[] {
  return Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter((entry) => entry.family === `IPv${family}` && !entry.address.startsWith('fe80:'))
    .map(({ address }) => address)
}
