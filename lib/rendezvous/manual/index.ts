export { decodeCode, encodeCode, type CodeKind, type DecodedCode } from './codeText.ts'
export {
  manualCodes,
  type ManualCode,
  type ManualCodes,
  type ManualCodesEvents,
  type ManualCodesOptions,
  type TakenCode,
} from './manualCodes.ts'
