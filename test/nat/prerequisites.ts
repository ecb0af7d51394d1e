import { command } from './command.ts'
import { Internet } from './internet.ts'
import { NetworkNamespaces } from './namespaces.ts'

/** Why namespaces with NAT can't be made here, in words; undefined when they can. */
export async function whyNot(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'network namespaces need root: run it as root, or with sudo'
  const programs = [
    ['ip', '-V', 'iproute2'],
    ['nft', '--version', 'nftables'],
    ['sysctl', '--version', 'procps'],
  ] as const
  for (const [program, flag, debianPackage] of programs) {
    const isThere = await command(program, [flag]).then(
      () => true,
      () => false,
    )
    if (!isThere) return `the program "${program}" is missing: on Debian, apt-get install ${debianPackage}`
  }
  const namespaces = new NetworkNamespaces()
  try {
    const internet = await Internet.create(namespaces)
    const home = await internet.addHome({ router: 'symmetric' })
    await home.addMachine()
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return `this machine does not let namespaces with NAT be made: ${message}`
  } finally {
    namespaces.removeAll()
  }
}
