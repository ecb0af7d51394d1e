export { hostConvoy } from './hostConvoy.ts'
export { joinConvoy } from './joinConvoy.ts'
export type * from './types.ts'
// For measurements of the repository's own.
export { MemberWatch } from './enforcement/index.ts'
