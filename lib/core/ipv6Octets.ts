/** The 16 octets of an IPv6 address in text, which has to be one; a zone is left out. */
export function ipv6Octets(address: string): Uint8Array {
  // Dotted IPv4 at the end stands for the last two groups.
  const hex = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => {
      const group = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16)
      return `${group(a, b)}:${group(c, d)}`
    })
  const [head = '', tail] = hex.split('::')
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}
