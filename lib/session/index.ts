export * from './member.ts'
