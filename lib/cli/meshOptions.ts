import { lookup } from 'node:dns/promises'
import { mkdir, open, readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { dirname } from 'node:path'
import type { MeshOptions } from '../../signaling/index.ts'
import { ConvoyError, fromHex, toHex, type RandomSource } from '../core/index.ts'
import { UsageError } from './runProgram.ts'

/** Options of `openconvoy signal` that are about the mesh. */
export const meshArgs = {
  libp2p: {
    type: 'boolean',
    default: false,
    description:
      'Take part in a mesh of services that serve each other’s sessions, and relay for libp2p peers',
  },
  peers: {
    type: 'string',
    description: 'Other services of the mesh, as multiaddrs with commas between; one is enough',
  },
  listen: {
    type: 'string',
    description:
      'Where libp2p listens, as multiaddrs; by default the next port for TCP, and one more for WebSockets',
  },
  'announce-as': {
    type: 'string',
    description: 'Where others reach libp2p, as multiaddrs, where that differs (a proxy, a router)',
  },
  key: {
    type: 'string',
    description:
      'File that keeps the key of the libp2p id, made where there is none; a fresh key at each start by default',
  },
  'named-only': {
    type: 'boolean',
    default: false,
    description: 'Let only services in --peers take part',
  },
} as const

/** What the command line says of the mesh. */
export interface MeshArgs {
  libp2p: boolean
  peers?: string | undefined
  listen?: string | undefined
  'announce-as'?: string | undefined
  key?: string | undefined
  'named-only': boolean
}

/**
 * The part in a mesh that the command line asks for; undefined where it asks for none.
 * @throws UsageError where options need `--libp2p`; ConvoyError `invalid-argument` for a bad key file.
 */
export async function meshOptions(
  args: MeshArgs,
  host: string,
  port: number,
  random: RandomSource,
): Promise<MeshOptions | undefined> {
  const { peers, listen, key } = args
  const announce = args['announce-as']
  if (!args.libp2p) {
    const given = Object.entries({ peers, listen, key, 'announce-as': announce }).find(
      ([, text]) => text !== undefined,
    )
    const name = given?.[0] ?? (args['named-only'] ? 'named-only' : undefined)
    if (name !== undefined) throw new UsageError(`--${name} is about the mesh: it needs --libp2p as well.`)
    return undefined
  }
  return {
    listen: listen === undefined ? await listeningAt(host, port) : split(listen),
    ...(announce !== undefined && { announce: split(announce) }),
    ...(peers !== undefined && { peers: split(peers) }),
    ...(key !== undefined && { seed: await keptSeed(key, random) }),
    namedOnly: args['named-only'],
  }
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** On the addresses that the service itself listens on, at the two ports behind its own. */
async function listeningAt(host: string, port: number): Promise<string[]> {
  const [tcp, ws] = port === 0 ? [0, 0] : [port + 1, port + 2]
  const places = host === '::' ? ['/ip4/0.0.0.0', '/ip6/::'] : [await placeOf(host)]
  return places.flatMap((place) => [`${place}/tcp/${tcp}`, `${place}/tcp/${ws}/ws`])
}

async function placeOf(host: string): Promise<string> {
  // What there is to say of a host that does not exist, the service itself says.
  const { address } = await lookup(host).catch(() => ({ address: '127.0.0.1' }))
  return isIPv6(address) ? `/ip6/${address}` : `/ip4/${address}`
}

const seedBytes = 32

/** The seed in a file: 64 hexadecimal digits. Made, for this user's eyes only, where there is no such file. */
async function keptSeed(path: string, random: RandomSource): Promise<Uint8Array> {
  try {
    const seed = random.bytes(seedBytes)
    await mkdir(dirname(path), { recursive: true })
    // Only where there is none: a key that is there is never overwritten.
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(`${toHex(seed)}\n`).finally(() => file.close())
    return seed
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, 'can not be written', cause)
  }
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unusable(path, 'can not be read', cause)
  })
  if (!/^[0-9a-f]{64}\s*$/.test(text))
    throw unusable(path, 'holds no key of 64 hexadecimal digits', undefined)
  return fromHex(text.trim())
}

function unusable(path: string, what: string, cause: unknown): ConvoyError {
  return new ConvoyError('invalid-argument', `The key file ${path} ${what}: name another one with --key.`, {
    cause,
  })
}
