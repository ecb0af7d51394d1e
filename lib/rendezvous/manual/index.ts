export { decodeCode, encodeCode, type CodeKind, type DecodedCode } from './codeText.ts'
export { manualCodes } from './manualCodes.ts'
export type { ManualCode, ManualCodes, ManualCodesEvents, ManualCodesOptions, TakenCode } from './types.ts'
