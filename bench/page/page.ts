import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import type { Effort, Figure } from '../benchmark.ts'
import { scenarios } from '../motion/watch.ts'
import type { Report } from '../report.ts'
import { errorAgainstBandwidth, errorOverTime, type Standing } from './plots.ts'

const overTimeFile = 'performance-over-time.svg'
const bandwidthFile = 'performance-bandwidth.svg'
const pageFile = 'performance.md'

/** Of the courses that plots show. */
const seed = 1

/**
 * Writes performance.md and its plots into a folder, from the reports of all benchmarks.
 * @param effort - what they were made with.
 */
export async function writePage(folder: URL, reports: readonly Report[], effort: Effort): Promise<void> {
  const write = (name: string, text: string): void => writeFileSync(new URL(name, folder), text)
  const [usual] = scenarios
  if (usual !== undefined) write(overTimeFile, await errorOverTime(usual, seed))
  write(bandwidthFile, errorAgainstBandwidth(standingsOf(figuresIn(reports, 'motion'))))
  const config = await resolveConfig(new URL(pageFile, folder))
  write(pageFile, await format(pageOf(reports, effort), { ...config, parser: 'markdown' }))
}

/** The page, unformatted. */
export function pageOf(reports: readonly Report[], effort: Effort): string {
  const others = reports.filter(({ bench }) => bench !== 'motion')
  return `<!-- Written by npm run bench -- --write. Change bench/page instead. -->

# Performance

Every figure beside what others do, measured in the same run, on the same drives, with the same luck: on
${machineOf(reports)}.

## Reproduce it

\`\`\`sh
npm run bench                                     # all of it, as tables
npm run bench -- motion --json                    # one of them, for programs
npm run bench -- motion --json --drive drive.csv  # at the speeds of a recording: rows of epoch in seconds, speed in m/s
npm run bench -- --write                          # this page
\`\`\`

What runs on the simulated network (motion, clock) gives the same figures on every machine. The others depend
on the machine; their baselines ran on it too.

## Motion

How far from the truth a remote truck is shown: in three dimensions, at display time, 60 times a second, at the worse of front
axle and tail of the last trailer, clock errors included. The drives: ${effort.drive === undefined ? 'a made-up' : 'a recorded'}
speed profile on a generated road, ten minutes of everything that is hard (motorway with lane changes, hills, bends,
roundabouts, town corners, braking at up to 7 m/s², stop and go, reversing onto a dock, parking), and the same with two
trailers. Delay and jitter are one-way, loss is per direction.

${scenarios.map((scenario) => motionTable(scenario, figuresIn(reports, 'motion'))).join('\n\n')}

![Error over time](${overTimeFile})

![Error against bandwidth](${bandwidthFile})

Packets and payload are what one member sends to one other; ours include heartbeats, clock echo and acknowledgements, the others'
only their updates. Headers come on top: about 200 B for a message on a data channel with its acknowledgement, 100 B
for one in a WebSocket; the plot counts them.

${contendersText}

${others.map(({ bench, figures }) => `## ${titles[bench] ?? bench}\n\n${introductions[bench] ?? ''}\n\n${figureTable(figures)}`).join('\n\n')}
`
}

const contendersText = `What it is compared to:

- **json**, **msgpack**: the whole state at 20 Hz on the same links; the newest wins and moves on with its velocity and yaw rate, by
  our clock.
- **colyseus**: \`@colyseus/schema\` patches every 50 ms over an ordered reliable stream, eased towards as Colyseus' tutorial does
  (20 % of the way at each frame). Its server in between is left out.
- **geckos**: \`@geckos.io/snapshot-interpolation\` at 20 snapshots a second as typed arrays, with its own buffer of 150 ms.
- **dis-fpw**, **dis-rvw**: dead reckoning of IEEE 1278.1 with constant velocity, or with constant acceleration and rotation: a PDU when the
  prediction is wrong by 1 m or 3°, the standard's defaults, and every 5 s. **-10cm**: the same with 0.1 m and 0.5°, at which
  errors are of our order while nothing is lost.`

const titles: Readonly<Record<string, string>> = {
  clock: 'Clock',
  codec: 'Codec',
  enforcement: 'Enforcement',
  link: 'Link',
  mesh: 'Whole convoys',
  migration: 'Death of a host',
  signaling: 'Signaling',
}

const introductions: Readonly<Record<string, string>> = {
  clock:
    'What is left of the difference between two clocks ten seconds after they met. Baseline: of the last ten seconds, the exchange with the least round trip.',
  codec: 'Updates as bytes and back.',
  enforcement:
    'How often honest players, with all that befalls them, are taken for cheats, and how soon cheats are found: docs/protocol/10-enforcement.md.',
  link: 'A link beside the bare engine under it.',
  mesh: 'Links between every two members, on real WebRTC over the loopback interface, where everything on the wire is counted: ICE, DTLS, SCTP, UDP and IP. Baseline: JSON at 20 Hz on the same links.',
  migration:
    'Hosts killed with SIGKILL, in convoys of eight processes on this machine, from the kill until the last survivor follows a host that can decide. A pause is what the longest wait for any survivor’s update, at 20 a second, is beyond the longest while nobody died (undisturbed).',
  signaling:
    'The signaling service with every limit and check on, each server in a process of its own, one at a time, with another process that plays its clients: messages of 512 B between pairs of clients. ws: the least that a relay over ws can do, without any limit, check or session. peer: PeerServer. y-webrtc: its signaling server, with a topic for each client.',
}

function figuresIn(reports: readonly Report[], bench: string): readonly Figure[] {
  return reports.find((report) => report.bench === bench)?.figures ?? []
}

function machineOf([report]: readonly Report[]): string {
  const { cpu = '', cores = '', platform = '', node = '' } = report?.machine ?? {}
  return `${cores} × ${cpu}, ${platform}, Node ${node}`
}

/** Contenders below each other, figures beside each other. */
function motionTable(
  { name, delayMs, jitterMs, lossPercent }: (typeof scenarios)[number],
  all: readonly Figure[],
): string {
  const figures = all.filter(({ scenario }) => scenario === name)
  const contenders = ['ours', ...Object.keys(figures[0]?.baselines ?? {})]
  const rows = contenders.map((contender) => [
    contender === 'ours' ? '**ours**' : contender,
    ...figures.map((figure) => String(valueOf(figure, contender))),
  ])
  return `**${name}**: ${delayMs} ms each way ± ${jitterMs} ms, ${lossPercent} % lost.

${markdownTable(['', ...figures.map(({ name: figure, unit }) => `${figure} (${unit})`)], rows)}`
}

/** Figures below each other, baselines beside each other. */
function figureTable(figures: readonly Figure[]): string {
  const baselines = [...new Set(figures.flatMap((figure) => Object.keys(figure.baselines)))]
  const rows = figures.map((figure) => [
    figure.name,
    figure.scenario,
    figure.unit,
    `**${figure.value}**`,
    ...baselines.map((baseline) => String(figure.baselines[baseline] ?? '')),
  ])
  return markdownTable(['figure', 'scenario', 'unit', 'ours', ...baselines], rows)
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function standingsOf(figures: readonly Figure[]): Standing[] {
  const contenders = ['ours', ...Object.keys(figures[0]?.baselines ?? {})]
  return [...new Set(figures.map(({ scenario }) => scenario))].flatMap((scenario) =>
    contenders.map((contender) => {
      const of = (name: string): number => {
        const figure = figures.find((one) => one.name === name && one.scenario === scenario)
        return figure === undefined ? NaN : valueOf(figure, contender)
      }
      return {
        contender,
        scenario,
        errorP99Cm: of('errorP99Cm'),
        packetsPerSecond: of('packetsPerSecond'),
        payloadKbps: of('payloadKbps'),
      }
    }),
  )
}

function valueOf(figure: Figure, contender: string): number {
  return contender === 'ours' ? figure.value : (figure.baselines[contender] ?? NaN)
}
