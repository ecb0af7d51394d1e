// Our service as `openconvoy signal` runs it behind a load balancer: every limit at its default, and every check on.
import { createSystemClock, systemRandom } from '../../../lib/core/index.ts'
import { startSignaling } from '../../../signaling/index.ts'
import { listening } from './report.ts'

const service = await startSignaling({
  clock: createSystemClock(),
  random: systemRandom,
  trustProxy: true,
  stunPort: null,
})
listening(service.port)
