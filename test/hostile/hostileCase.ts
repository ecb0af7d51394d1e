/** The engines that Node has; both face the same attacks. */
export const nodeEngines = ['datachannel', 'werift'] as const

/** One of {@link nodeEngines}. */
export type NodeEngine = (typeof nodeEngines)[number]

/** An attack, or a bad network, and what has to come of it. */
export interface HostileCase {
  readonly name: string
  readonly engine: NodeEngine
  /** What holds when {@link run} does not throw, in words. */
  readonly expected: string
  /** Whether it takes less than a second, so that it is one of the tests that always run. */
  readonly quick: boolean
  /**
   * Carries it out.
   * @returns what was measured, for the report.
   * @throws AssertionError when something else came of it than expected.
   */
  run(): Promise<Record<string, number>>
}
