export * from './connection.ts'
export * from './link.ts'
