export { Evidence, type EvidenceParts, type ReportOptions, type SentReport } from './evidence.ts'
export {
  examineReport,
  type EvidenceProof,
  type ExaminedMember,
  type ExaminedMessage,
  type ExaminedPerson,
  type ExaminedReport,
  type ExaminedSample,
} from './examine.ts'
export {
  replayReport,
  type Happening,
  type ReplayedSecond,
  type ReplayedVehicle,
  type ReportReplay,
} from './replay.ts'
export { addAppeal, type SigningEnvironment } from './reportFile.ts'
export type { ReportInfo, ReportSink, TakenReport } from './reportReceiver.ts'
export { reportCategories, type ReportCategory } from './reportSchema.ts'
