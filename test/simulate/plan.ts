import * as v from 'valibot'

/** A process by its number; `host` for whoever decides when the step is due. */
const processRef = v.union([v.literal('host'), v.pipe(v.number(), v.integer(), v.minValue(0))])
const processNumber = v.pipe(v.number(), v.integer(), v.minValue(0))
const ms = v.pipe(v.number(), v.minValue(0))
const percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100))

/** What a byzantine member does in any session against the protocol, see docs/protocol/11-simulation.md. */
export const usualMischiefs = [
  'vote-twice',
  'claim-host',
  'count-own-vote-twice',
  'change-two-voters',
  'forge-entry',
  'tamper-entry',
  'replay-entries',
  'reorder-entries',
  'truncate-entries',
  'overstate-committed',
  'stand-unasked',
  'show-former-ticket',
  'show-forged-ticket',
  'replay-control',
  'speak-unticketed',
] as const

/** And in those whose hosts take snapshots often. */
const mischiefs = [...usualMischiefs, 'forge-snapshot', 'tamper-snapshot'] as const
export type Mischief = (typeof mischiefs)[number]

const conditions = {
  delayMs: ms,
  jitterMs: ms,
  lossPercent: percent,
  duplicatePercent: percent,
  reorderPercent: percent,
}

/** Something that happens in a session, or to its network. Faults last `forMs` at most, and end when those of the plan do. */
const stepSchema = v.intersect([
  v.object({ at: ms }),
  v.variant('do', [
    v.object({ do: v.literal('join'), who: processNumber }),
    v.object({ do: v.literal('leave'), who: processRef }),
    /** Its process dies, and is started again after a while, or never. */
    v.object({ do: v.literal('crash'), who: processRef, backAfterMs: v.nullable(ms) }),
    v.object({ do: v.literal('freeze'), who: processRef, forMs: ms }),
    /** Nothing passes between the groups; who is in none reaches all. */
    v.object({ do: v.literal('partition'), groups: v.array(v.array(processRef)), forMs: ms }),
    /** Nothing passes from some to others; the way back is open. */
    v.object({ do: v.literal('deafen'), from: v.array(processRef), to: v.array(processRef), forMs: ms }),
    v.object({ do: v.literal('isolate'), who: processRef, forMs: ms }),
    v.object({ do: v.literal('outage'), forMs: ms }),
    v.object({ do: v.literal('weather'), ...conditions, forMs: ms }),
    v.object({ do: v.literal('network-change'), who: processRef }),
    v.object({ do: v.literal('rules') }),
    v.object({ do: v.literal('kick'), who: processNumber }),
    v.object({ do: v.literal('ban'), who: processNumber }),
    v.object({ do: v.literal('transfer'), who: processNumber }),
    v.object({ do: v.literal('chat'), who: processRef }),
    v.object({ do: v.literal('traffic'), who: processRef }),
    v.object({ do: v.literal('mischief'), what: v.picklist(mischiefs) }),
  ]),
])

const planSchema = v.object({
  seed: v.pipe(v.number(), v.integer()),
  /** How many processes there may be, each with an identity of its own; number 0 founds the session. */
  processes: v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(64)),
  /** Real Ed25519, or signatures that cost a hash. */
  signatures: v.picklist(['ed25519', 'simulated']),
  conditions: v.object(conditions),
  /** Updates of each vehicle a second. */
  updateRate: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(30)),
  /** Bytes of entries after which hosts take a snapshot of the record; null for as many as outside of simulations. */
  snapshotBytes: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1))), null),
  /** Number of the process that does mischief. */
  byzantine: v.nullable(processNumber),
  /** When the last fault ends; and how long the session goes on, in all. */
  faultsEndAtMs: ms,
  durationMs: ms,
  steps: v.array(stepSchema),
})

export type Step = v.InferOutput<typeof stepSchema>
/** A whole session, as a plain list of what happens when: the same plan gives the same run. */
export type Plan = v.InferOutput<typeof planSchema>
export type ProcessRef = v.InferOutput<typeof processRef>

/** @throws Error when `text` is no plan. */
export function parsePlan(text: string): Plan {
  return v.parse(planSchema, JSON.parse(text))
}

/** A plan as people read it, a line a step. */
export function describePlan({ steps, ...plan }: Plan): string[] {
  const { delayMs, jitterMs, lossPercent } = plan.conditions
  const snapshots = plan.snapshotBytes === null ? '' : `, a snapshot each ${plan.snapshotBytes} B`
  const byzantine = plan.byzantine === null ? '' : `, P${plan.byzantine} byzantine`
  return [
    `seed ${plan.seed}: ${plan.processes} processes${byzantine}, ${delayMs} ± ${jitterMs} ms, ${lossPercent} % loss, ` +
      `${plan.signatures} signatures${snapshots}`,
    ...steps.map((step) => `  ${(step.at / 1_000).toFixed(2)} s  ${describeStep(step)}`),
    `  ${(plan.faultsEndAtMs / 1_000).toFixed(2)} s  every fault is over; the end is at ${plan.durationMs / 1_000} s`,
  ]
}

/** A step as people read it, without its time. */
export function describeStep({ at: _, do: action, ...rest }: Step): string {
  const details = Object.entries(rest).map(([name, value]) => {
    return name === 'who' || name === 'what' ? refText(value) : `${name} ${refText(value)}`
  })
  return [action, ...details].join(' ')
}

function refText(value: unknown): string {
  return JSON.stringify(value).replaceAll('"', '')
}
