import { colyseus } from './colyseus.ts'
import { disFpw, disFpwClose, disRvw, disRvwClose } from './dis.ts'
import { json, msgpack } from './fullState.ts'
import { geckos } from './geckos.ts'
import type { Contender } from './contender.ts'

export type { Contender, Participant } from './contender.ts'
export { json } from './fullState.ts'
export { ours } from './ours.ts'

/** What ours is compared to. */
export const baselines: readonly Contender[] = [
  json,
  msgpack,
  colyseus,
  geckos,
  disFpw,
  disRvw,
  disFpwClose,
  disRvwClose,
]
