export * from './rendezvous.ts'
