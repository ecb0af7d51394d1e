export * from './remoteVehicles.ts'
