import pc from 'picocolors'
import type {
  EvidenceProof,
  ExaminedMember,
  ExaminedPerson,
  ExaminedReport,
  Happening,
  ReplayedSecond,
  ReplayedVehicle,
  ReportReplay,
} from '../evidence/index.ts'

const proofTexts: Readonly<Record<EvidenceProof, string>> = {
  proved: pc.green('proved'),
  word: pc.yellow('reporter’s word'),
  altered: pc.red('ALTERED'),
}

/** Whether any part of a report contradicts what its author signed. */
export function isAltered({ authentic, members, appeal }: ExaminedReport): boolean {
  return (
    !authentic ||
    appeal?.authentic === false ||
    members.some(
      ({ samples, digests, unreadable }) =>
        digests.altered > 0 || unreadable > 0 || samples.some(({ proof }) => proof === 'altered'),
    )
  )
}

/** What a report says and shows, in plain words. */
export function describeReport(report: ExaminedReport, replay: ReportReplay): string {
  return [
    ...head(report),
    '',
    pc.bold(`Evidence: the ${seconds(report.clipMs)} s before it was signed`),
    ...(report.members.length === 0 ? ['  none'] : report.members.map(worth)),
    pc.dim(
      '  How the vehicles line up in time, and how long each sample was under way, is the reporter’s word.',
    ),
    '',
    pc.bold('Second by second'),
    ...replay.seconds.filter(({ vehicles }) => vehicles.length > 0).map(secondLine),
    '',
    pc.bold('What happened'),
    ...(replay.happenings.length === 0 ? ['  nothing of note'] : replay.happenings.map(happeningLine)),
    ...appealLines(report),
  ].join('\n')
}

function head(report: ExaminedReport): string[] {
  const { authentic, category, reporter, subject, text, at, lobbyName, gameMinutes } = report
  return [
    `${pc.bold(`Report ${report.id}`)}: ${category}`,
    `  about     ${person(subject)}`,
    `  by        ${person(reporter)}`,
    `  says      ${text === '' ? 'nothing' : quoted(text)}`,
    `  session   ${report.sessionId}${lobbyName === '' ? '' : ` ${quoted(lobbyName)}`}`,
    `  signed    ${new Date(at).toISOString()} on the reporter’s clock${gameMinutes === null ? '' : `, ${gameClock(gameMinutes)} in the game`}`,
    authentic
      ? `  signature ${pc.green('fits')}: this is what the reporter handed in`
      : `  signature ${pc.red('ALTERED')}: the reporter did not sign it like this; only what others signed still counts`,
  ]
}

function worth(member: ExaminedMember): string {
  const { name, role, samples, digests, unreadable, missing, messages } = member
  const parts = (['proved', 'word', 'altered'] as const).flatMap((proof) => {
    const count = samples.filter((sample) => sample.proof === proof).length
    return count === 0 ? [] : [`${count} ${proofTexts[proof]}`]
  })
  const extras = [
    ...(messages.length === 0 ? [] : [`${messages.length} messages`]),
    ...(missing === 0 ? [] : [`${missing} more signed but not shown (lost on the way, or left out)`]),
    ...(digests.altered === 0 ? [] : [pc.red(`${digests.altered} of its digests ALTERED`)]),
    ...(unreadable === 0 ? [] : [pc.red(`${unreadable} samples unreadable: ALTERED`)]),
  ]
  const what = parts.length === 0 ? 'no samples' : `${samples.length} samples: ${parts.join(', ')}`
  return `  ${name} (${role}): ${[what, ...extras].join('; ')}`
}

function secondLine({ second, vehicles }: ReplayedSecond): string {
  return `  ${String(second).padStart(3)} s  ${vehicles.map(vehicleText).join('  ·  ')}`
}

function vehicleText({ who, kmh, x, y, z, proofs }: ReplayedVehicle): string {
  const proof = (['altered', 'word', 'proved'] as const).find((each) => proofs[each] > 0)
  const at = `(${[x, y, z].map((metres) => metres.toFixed(1)).join(', ')})`
  return `${who} ${kmh.toFixed(0)} km/h at ${at} ${proof === undefined ? pc.dim('predicted') : proofTexts[proof]}`
}

function happeningLine(happening: Happening): string {
  const { atMs, proof } = happening
  return `  ${seconds(atMs).padStart(5)} s  ${whatHappened(happening)} [${proofTexts[proof]}]`
}

function whatHappened(happening: Happening): string {
  const who = happening.who.join(' and ')
  switch (happening.type) {
    case 'braked':
      return `${who} braked hard: ${(-happening.metresPerSecondSquared).toFixed(1)} m/s² from ${happening.kmh.toFixed(0)} km/h`
    case 'jumped':
      return `${who} jumped ${happening.metres.toFixed(0)} m within ${happening.ms.toFixed(0)} ms, which no vehicle can drive`
    case 'accelerated':
      return `${who} changed speed by ${happening.metresPerSecondSquared.toFixed(1)} m/s² for a second, which no truck can`
    case 'approached': {
      const nearness = happening.mayTouch ? ', close enough to touch' : ''
      const closing =
        happening.closingKmh < 1 ? '' : `, closing at up to ${happening.closingKmh.toFixed(0)} km/h`
      return `${who} were nearest to each other, ${happening.metres.toFixed(1)} m${closing}${nearness}`
    }
    case 'said':
      return happening.text === undefined
        ? `${who} sent ${happening.bytes} bytes on channel ${quoted(happening.channel)}`
        : `${who} said ${quoted(happening.text)}`
  }
}

function appealLines({ appeal }: ExaminedReport): string[] {
  if (appeal === null) return []
  const signature = appeal.authentic
    ? `signed by the subject ${new Date(appeal.at).toISOString()}`
    : `${pc.red('ALTERED')}: not signed like this by the subject`
  return ['', pc.bold('Appeal'), `  ${quoted(appeal.text)} [${signature}]`]
}

function person({ name, id }: ExaminedPerson): string {
  return `${name} (${id})`
}

function quoted(text: string): string {
  return `“${text.replaceAll('\n', ' / ')}”`
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1)
}

/** The game counts minutes from a Monday at midnight. */
function gameClock(minutes: number): string {
  const whole = Math.floor(minutes)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `day ${Math.floor(whole / 1_440)}, ${two(Math.floor(whole / 60) % 24)}:${two(whole % 60)}`
}
