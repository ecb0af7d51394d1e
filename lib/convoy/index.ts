export { hostConvoy } from './hostConvoy.ts'
export { joinConvoy } from './joinConvoy.ts'
export type * from './types.ts'
