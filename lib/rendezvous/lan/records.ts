import type { Answer, Packet } from 'dns-packet'
import { fromUtf8, toHex } from '../../core/index.ts'
import { domainHash } from '../../identity/index.ts'
import { lanTagBytes, lanVersion, recordsPerPacket, recordTtlS, serviceType } from './constants.ts'

/** One session as it is advertised on a network. */
export interface Advertisement {
  /** Label of the instance: the session's tag and a number of the host's. */
  readonly instance: string
  readonly tag: string
  readonly port: number
  /** Name of the machine for this purpose, which says nothing of its owner. */
  readonly target: string
}

/** Where somebody says that a session is. Nothing of it is proved. */
export interface FoundService {
  readonly tag: string
  readonly port: number
}

/** By what a session is recognised by those who know its id, in hexadecimal ([LAN-3]). */
export function tagOf(sessionId: Uint8Array): string {
  return toHex(domainHash('openconvoy lan session 1', lanTagBytes, sessionId))
}

/** The records of an advertisement; with `ttl` 0 its farewell. */
export function recordsOf(
  { instance, tag, port, target }: Advertisement,
  addresses: readonly string[],
  ttl = recordTtlS,
): Answer[] {
  const name = `${instance}.${serviceType}`
  return [
    { type: 'PTR', name: serviceType, ttl, data: name },
    { type: 'SRV', name, ttl, flush: true, data: { priority: 0, weight: 0, port, target } },
    { type: 'TXT', name, ttl, flush: true, data: [`v=${lanVersion}`, `s=${tag}`] },
    ...addresses.map((data): Answer => ({ type: 'A', name: target, ttl, flush: true, data })),
  ]
}

/** Whether `packet` asks for what a host of this kind advertises. */
export function asksForSessions({ questions }: Packet): boolean {
  return (questions ?? [])
    .slice(0, recordsPerPacket)
    .some(
      ({ name, type }) =>
        name.toLowerCase().endsWith(serviceType) && ['PTR', 'ANY', 'SRV', 'TXT'].includes(type),
    )
}

/** The sessions that `packet` tells of; farewells and whatever does not fit tell of none. */
export function servicesIn({ answers, additionals }: Packet): FoundService[] {
  const records = [...(answers ?? []), ...(additionals ?? [])].slice(0, recordsPerPacket)
  const found: FoundService[] = []
  for (const record of records) {
    if (record.type !== 'SRV' || !record.name.toLowerCase().endsWith(`.${serviceType}`)) continue
    const { port } = record.data
    if (record.ttl === 0 || !(port > 0 && port <= 65_535)) continue
    const texts = records.find(
      (each) => each.type === 'TXT' && each.name.toLowerCase() === record.name.toLowerCase(),
    )
    const tag = texts?.type === 'TXT' ? tagIn(texts.data) : undefined
    if (tag !== undefined) found.push({ tag, port })
  }
  return found
}

function tagIn(data: unknown): string | undefined {
  const texts = (Array.isArray(data) ? data : [data]).slice(0, 8).map((text) => textOf(text))
  if (!texts.includes(`v=${lanVersion}`)) return undefined
  const tag = texts.find((text) => text.startsWith('s='))?.slice(2)
  return tag !== undefined && /^[0-9a-f]{16}$/.test(tag) ? tag : undefined
}

function textOf(text: unknown): string {
  if (typeof text === 'string') return text
  try {
    return text instanceof Uint8Array && text.length <= 64 ? fromUtf8(text) : ''
  } catch {
    return ''
  }
}
