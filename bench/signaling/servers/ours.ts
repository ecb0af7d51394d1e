// Our service as `openconvoy signal` runs it behind a load balancer: every limit at its default, every check on,
// and metrics served.
import { createSystemClock, systemRandom } from '../../../lib/core/index.ts'
import { startSignaling } from '../../../signaling/index.ts'
import { listening } from './report.ts'

const service = await startSignaling({
  clock: createSystemClock(),
  random: systemRandom,
  trustProxy: true,
  stunPort: null,
  metrics: { port: 0 },
})
listening(service.port)
