import type { LoadOrder, Mod } from '../protocol/index.ts'
import type { Finding, ModName } from './loadOrderFinding.ts'
import { explainOrder, type Moves } from './loadOrderMoves.ts'

/** What {@link compareLoadOrders} found. */
export interface LoadOrderVerdict {
  /** Whether the joiner may drive with the host: no findings. */
  compatible: boolean
  /** In the order in which to settle them: get what is missing, update, remove, then sort. */
  findings: Finding[]
}

/** The rules that a comparison depends on. */
export interface LoadOrderRules {
  /** Whether mods marked optional really are. */
  modsOptioning: boolean
}

/** A mod of the joiner and where it stands. */
interface Placed {
  mod: Mod
  position: number
}

/**
 * Compares a joiner's load order to the host's, as docs/protocol/04a-load-order.md says. The findings are exact:
 * a mod that moved is one finding, however many others that shifted, and a joiner that settles all of them is
 * compatible.
 * @example
 * ```ts
 * const verdict = compareLoadOrders(host, mine, { modsOptioning: false })
 * if (!verdict.compatible) show(describeVerdict(verdict))
 * ```
 */
export function compareLoadOrders(
  host: LoadOrder,
  joiner: LoadOrder,
  rules: LoadOrderRules,
): LoadOrderVerdict {
  const hostMods = withoutRepeats(host.mods)
  const joinerMods = withoutRepeats(joiner.mods)
  const hostByPackage = new Map(hostMods.map((mod) => [mod.package, mod]))
  // [LOD-5] The host's word on what is optional counts before the joiner's.
  const counts = (mod: Mod): boolean =>
    !(rules.modsOptioning && (hostByPackage.get(mod.package) ?? mod).optional)

  const required = hostMods.filter(counts)
  const placed = joinerMods.map((mod, index) => ({ mod, position: index + 1 }))
  const counted = placed.filter(({ mod }) => counts(mod))
  const common = counted.filter(({ mod }) => hostByPackage.has(mod.package))
  const extra = counted.filter(({ mod }) => !hostByPackage.has(mod.package))

  const commonPackages = new Set(common.map(({ mod }) => mod.package))
  const missing = required.filter((mod) => !commonPackages.has(mod.package))
  const moves = explainOrder(ranksOf(common, required))
  const whereTo = destinations(required, settledList(joinerMods, required, common, extra, moves))

  const findings: Finding[] = [
    ...missingDlcs(host, joiner),
    ...missing.map((mod): Finding => ({
      kind: 'missing',
      mod: nameOf(mod),
      version: mod.version ?? null,
      ...whereTo(mod),
    })),
    ...common.flatMap((own) => contentFinding(hostByPackage.get(own.mod.package), own)),
    ...extra.map(({ mod, position }): Finding => ({
      kind: 'extra',
      mod: nameOf(mod),
      position,
      version: mod.version ?? null,
    })),
    ...moves.swaps.map(([higher, lower]) => swapFinding(common[lower] as Placed, common[higher] as Placed)),
    ...common
      .filter((_, index) => moves.moved.has(index))
      .map(({ mod, position }): Finding => ({
        kind: 'misplaced',
        mod: nameOf(mod),
        position,
        ...whereTo(mod),
      })),
  ]
  return { compatible: findings.length === 0, findings }
}

/** [LOD-2] A package counts once, where it stands highest: the game would load it from there. */
function withoutRepeats(mods: readonly Mod[]): Mod[] {
  const seen = new Set<string>()
  return mods.filter((mod) => !seen.has(mod.package) && seen.add(mod.package))
}

function missingDlcs(host: LoadOrder, joiner: LoadOrder): Finding[] {
  const owned = new Set(joiner.dlcs)
  return [...new Set(host.dlcs)]
    .filter((dlc) => !owned.has(dlc))
    .map((dlc): Finding => ({ kind: 'missing-dlc', dlc }))
}

/** For each of the joiner's mods in common, in the joiner's order, where it stands among them at the host's. */
function ranksOf(common: readonly Placed[], required: readonly Mod[]): number[] {
  const packages = new Set(common.map(({ mod }) => mod.package))
  const shared = required.filter((mod) => packages.has(mod.package))
  const rank = new Map(shared.map((mod, index) => [mod.package, index]))
  return common.map(({ mod }) => rank.get(mod.package) as number)
}

/** [LOD-4] Compares what both sides know: checksums of one kind, or else versions, or else nothing. */
function contentFinding(hosts: Mod | undefined, { mod: yours, position }: Placed): Finding[] {
  if (hosts === undefined) return []
  const mod = nameOf(hosts)
  const ours = hosts.checksum
  const theirs = yours.checksum?.kind === ours?.kind ? yours.checksum : undefined
  if (ours !== undefined && ours.value === theirs?.value) return []
  if (hosts.version !== undefined && yours.version !== undefined && hosts.version !== yours.version) {
    return [{ kind: 'version', mod, position, yours: yours.version, hosts: hosts.version }]
  }
  if (ours === undefined || theirs === undefined) return []
  const version = hosts.version ?? null
  return [
    {
      kind: 'checksum',
      mod,
      position,
      version,
      checksumKind: ours.kind,
      yours: theirs.value,
      hosts: ours.value,
    },
  ]
}

function swapFinding(upper: Placed, lower: Placed): Finding {
  const side = ({ mod, position }: Placed): { mod: ModName; position: number } => ({
    mod: nameOf(mod),
    position,
  })
  return { kind: 'swapped', upper: side(upper), lower: side(lower) }
}

/** The packages of the joiner's list once every finding is settled; optional mods stay where they are. */
function settledList(
  joinerMods: readonly Mod[],
  required: readonly Mod[],
  common: readonly Placed[],
  extra: readonly Placed[],
  moves: Moves,
): string[] {
  const list = joinerMods.map((mod) => mod.package)
  for (const [higher, lower] of moves.swaps) {
    const [a, b] = [common[higher] as Placed, common[lower] as Placed]
    list[a.position - 1] = b.mod.package
    list[b.position - 1] = a.mod.package
  }
  const gone = new Set(extra.map(({ mod }) => mod.package))
  for (const index of moves.moved) gone.add((common[index] as Placed).mod.package)
  const settled = list.filter((name) => !gone.has(name))
  const present = new Set(settled)
  // From the bottom up, so that the mod to stand above is there already.
  for (const [index, mod] of [...required.entries()].reverse()) {
    if (present.has(mod.package)) continue
    const below = required[index + 1]
    settled.splice(below === undefined ? settled.length : settled.indexOf(below.package), 0, mod.package)
  }
  return settled
}

/** Looks up where a mod of the host belongs in the settled list. */
function destinations(required: readonly Mod[], settled: readonly string[]) {
  const below = new Map(required.map((mod, index) => [mod.package, required[index + 1]]))
  return (mod: Mod): { expectedPosition: number; above: ModName | null } => {
    const next = below.get(mod.package)
    return {
      expectedPosition: settled.indexOf(mod.package) + 1,
      above: next === undefined ? null : nameOf(next),
    }
  }
}

function nameOf(mod: Mod): ModName {
  return { package: mod.package, name: mod.name }
}
