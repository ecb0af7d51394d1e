import type { DirectoryEntry } from './sessionDirectory.ts'

/**
 * What the public list shows: the newest sessions first. Where there are more than it holds, each service of a mesh has an equal
 * share, and this one at least half, so that none can fill it with sessions of its own making.
 * @param entries - those that want to be listed, newest first.
 */
export function publicList(entries: readonly DirectoryEntry[], most: number): DirectoryEntry[] {
  if (entries.length <= most) return [...entries]
  const own: DirectoryEntry[] = []
  const byHolder = new Map<string, DirectoryEntry[]>()
  for (const entry of entries) {
    const holder = entry.owner?.port.service?.holder?.()
    const share = holder === undefined ? own : (byHolder.get(holder) ?? [])
    if (holder !== undefined) byHolder.set(holder, share)
    if (share.length < most) share.push(entry)
  }
  const shown = new Set(own.slice(0, Math.ceil(most / 2)))
  const shares = [own.slice(shown.size), ...byHolder.values()]
  for (let turn = 0; turn < most && shown.size < most; turn++) {
    for (const share of shares) {
      const entry = share[turn]
      if (entry !== undefined && shown.size < most) shown.add(entry)
    }
  }
  return entries.filter((entry) => shown.has(entry))
}
