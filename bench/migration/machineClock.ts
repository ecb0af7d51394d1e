/** The machine's monotonic clock, which all processes share, ms. */
export function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
