export * from './member.ts'
export * from './describeLoadOrder.ts'
export * from './loadOrderCheck.ts'
export {
  findingSchema,
  findingsWithin,
  mostFindings,
  type Finding,
  type ModName,
} from './loadOrderFinding.ts'
