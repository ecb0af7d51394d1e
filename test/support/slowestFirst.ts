import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take longest, by what runs of everything took: begun last, one of them would keep a single worker busy while
 * the others have nothing left to do.
 */
const slowest: readonly string[] = [
  'test/examples/bots.test.ts',
  'test/simulate/sessions.test.ts',
  'test/chaos/chaos.test.ts',
  'test/package/consumer.test.ts',
  'test/examples/start.test.ts',
  'test/bench/migration.test.ts',
  'test/rtc/manyLinks.test.ts',
  'test/rtc/redialEngines.test.ts',
  'test/rtc/weriftDatachannel.test.ts',
  'test/session/closing.test.ts',
  'test/vehicle/allocations.test.ts',
  'test/rtc/datachannelWerift.test.ts',
  'test/rtc/weriftWerift.test.ts',
  'test/cli/doctorNetwork.test.ts',
  'test/examples/page.test.ts',
  'test/rtc/datachannelDatachannel.test.ts',
  'test/simulate/mutations.test.ts',
  'test/rtc/relayOnly.test.ts',
  'test/examples/embedService.test.ts',
]

/** Begins with the tests that take longest; the rest as ever. */
export default class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = slowest.findIndex((path) => moduleId.endsWith(path))
      return index < 0 ? slowest.length : index
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}
