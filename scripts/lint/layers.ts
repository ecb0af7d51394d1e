/** A part of the repository, as far as imports are concerned. */
export interface Layer {
  readonly name: string
  /** Its folder from the repository's root; undefined where it is single files. */
  readonly folder: string | undefined
}

const below = {
  core: [],
  protocol: ['core'],
  identity: ['core', 'protocol'],
  rtc: ['core', 'protocol', 'identity'],
  rendezvous: ['core', 'protocol', 'identity', 'rtc'],
  session: ['core', 'protocol', 'identity', 'rtc', 'rendezvous'],
} as const
const upToSession = [...below.session, 'session']
const upToRoad = [...upToSession, 'vehicle', 'comms', 'road']
const upToWorld = [...upToRoad, 'evidence', 'world']
const library = [...upToWorld, 'game', 'store', 'testing', 'convoy', 'index', 'libp2p']

/** What each layer may import: the one place where the direction of imports is written down for machines. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  ...below,
  // An entry of its own inside of the rendezvous, which the default entry holds nothing of.
  libp2p: [...below.rendezvous, 'rendezvous'],
  vehicle: upToSession,
  comms: upToSession,
  road: upToSession,
  evidence: upToRoad,
  world: upToRoad,
  convoy: [...upToWorld, 'store'],
  // Stand to the side: what reads the game or the disk needs no peers.
  game: ['core', 'protocol'],
  store: ['core', 'protocol'],
  testing: upToWorld,
  signaling: ['core', 'protocol', 'identity', 'rendezvous', 'libp2p'],
  index: [...upToWorld, 'convoy', 'store'],
  cli: [...library, 'signaling'],
  examples: [...library, 'signaling'],
  bench: [...library, 'signaling', 'examples'],
}

/** Layers inside of another one, or beside it for the same package, whose files they use as their own. */
const inside: Readonly<Record<string, string>> = { libp2p: 'rendezvous', signaling: 'libp2p' }

/** Pairs of which the left knows the right by its interfaces only. The store is an entry of its own, not in the default bundle. */
const interfacesOnly: Readonly<Record<string, readonly string[]>> = {
  session: ['rtc'],
  convoy: ['store'],
  index: ['store'],
}

/** Whether files of layer `from` may import layer `to`. */
export function mayImport(from: string, to: string): boolean {
  return allowed[from]?.includes(to) ?? false
}

/** Whether they may import its types only. */
export function typesOnly(from: string, to: string): boolean {
  return interfacesOnly[from]?.includes(to) ?? false
}

/** Whether files of layer `from` may use single files of layer `to`, and not only its index. */
export function isInside(from: string, to: string): boolean {
  return inside[from] === to
}

/**
 * The layer of a file, given by its path from the repository's root; undefined for what has none (tests,
 * scripts, configuration), which may import anything.
 */
export function layerOf(path: string): Layer | undefined {
  const [top, second, ...rest] = path.split('/')
  if (second === undefined) return undefined
  if (top === 'signaling' || top === 'examples' || top === 'bench') {
    // Programs are no library: their files are theirs to arrange, except that signaling has a public face.
    return { name: top, folder: top === 'signaling' ? top : undefined }
  }
  if (top !== 'lib') return undefined
  if (second === 'rendezvous' && rest[0] === 'libp2p')
    return { name: 'libp2p', folder: 'lib/rendezvous/libp2p' }
  if (rest.length > 0) return { name: second, folder: `lib/${second}` }
  return { name: second === 'index.ts' ? 'index' : 'convoy', folder: undefined }
}
