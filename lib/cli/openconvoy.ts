import { defineCommand } from 'citty'
import { packageVersion } from './packageVersion.ts'

/** The command. Subcommands are a file each in commands/, loaded only when asked for. */
export const openconvoy = defineCommand({
  meta: async () => ({
    name: 'openconvoy',
    version: await packageVersion(),
    description: 'Peer-to-peer convoys for truck simulators',
  }),
  subCommands: {
    codes: async () => (await import('./commands/codes.ts')).codes,
    doctor: async () => (await import('./commands/doctor.ts')).doctor,
    report: async () => (await import('./commands/report.ts')).report,
    signal: async () => (await import('./commands/signal.ts')).signal,
  },
})
