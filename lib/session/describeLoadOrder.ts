import type { LoadOrderVerdict } from './loadOrderCheck.ts'
import type { Finding, ModName } from './loadOrderFinding.ts'

/** Findings spelled out in one text unless told otherwise: more than fit a dialog help nobody. */
const spelledOut = 20

/** Characters of a mod's name in a text; real names rarely pass 60. */
const shownNameLength = 60

/**
 * What a player does about `finding`, in one sentence. Positions count from the top of the game's mod manager.
 * @example
 * ```ts
 * describeFinding(finding) // Move “ProMods Map” from position 5 to position 2, directly above “ProMods Assets”.
 * ```
 */
export function describeFinding(finding: Finding): string {
  switch (finding.kind) {
    case 'missing-dlc':
      return `Get or activate the DLC ${quote(finding.dlc)}: the session needs it.`
    case 'missing':
      return `Activate ${full(finding.mod)}${inVersion(finding.version)} at ${place(finding)}.`
    case 'version':
      return (
        `Change ${label(finding.mod)} (position ${finding.position}) from version ${finding.yours} ` +
        `to the host's version ${finding.hosts}.`
      )
    case 'checksum':
      return (
        `Download ${label(finding.mod)} (position ${finding.position}) again: its content differs from the ` +
        `host's${finding.version === null ? '' : `, although both are version ${finding.version}`}.`
      )
    case 'extra':
      return `Deactivate ${full(finding.mod)} at position ${finding.position}: the host does not have it.`
    case 'swapped':
      return (
        `Swap ${label(finding.lower.mod)} (position ${finding.lower.position}) and ${label(finding.upper.mod)} ` +
        `(position ${finding.upper.position}): ${label(finding.upper.mod)} belongs higher.`
      )
    case 'misplaced':
      return `Move ${label(finding.mod)} from position ${finding.position} to ${place(finding)}.`
  }
}

/**
 * The whole verdict in words: one line saying so when compatible, else a headline and one line per finding, of
 * which at most `maxFindings` are spelled out.
 */
export function describeVerdict(verdict: LoadOrderVerdict, maxFindings = spelledOut): string {
  const count = verdict.findings.length
  if (verdict.compatible) return 'Your mods fit those of the host.'
  const headline = `Your mods differ from those of the host in ${count === 1 ? 'one point' : `${count} points`}:`
  const lines = verdict.findings.slice(0, maxFindings).map((finding) => `- ${describeFinding(finding)}`)
  if (count > maxFindings) lines.push(`- … and ${count - maxFindings} more.`)
  return [headline, ...lines].join('\n')
}

function place({ expectedPosition, above }: { expectedPosition: number; above: ModName | null }): string {
  const neighbour = above === null ? 'at the bottom' : `directly above ${label(above)}`
  return `position ${expectedPosition}, ${neighbour}`
}

function inVersion(version: string | null): string {
  return version === null ? '' : `, version ${version},`
}

/** A mod as the player sees it. */
function label(mod: ModName): string {
  return quote(mod.name === '' ? mod.package : mod.name)
}

/** A mod as the player sees it, and the package to look for where that says more. */
function full(mod: ModName): string {
  return mod.name === '' || mod.name === mod.package ? label(mod) : `${label(mod)} (${mod.package})`
}

function quote(text: string): string {
  const characters = Array.from(text)
  const shown =
    characters.length > shownNameLength ? `${characters.slice(0, shownNameLength - 1).join('')}…` : text
  return `“${shown}”`
}
