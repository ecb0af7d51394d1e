export * from './codes.ts'
export * from './incoming.ts'
export { emptyKnown, rateOf, readRates, startAnew, type Known } from './known.ts'
export { codeMotion } from './motion.ts'
export * from './outgoing.ts'
export {
  incarnationTag,
  ownVehicleIndex,
  recentTicks,
  vehicleIndices,
  vehiclesPayloadKind,
} from './payload.ts'
export { SymbolDecoder, SymbolEncoder, type SymbolCoder } from './symbols.ts'
export {
  differ,
  maxCodesBytes,
  oldestBaselineTicks,
  readCodes,
  serves,
  truckBits,
  writeCodes,
} from './update.ts'
