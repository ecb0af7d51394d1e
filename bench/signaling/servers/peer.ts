// PeerServer (npm `peer`) with its defaults, but for the number of clients, which is 5,000.
import type { AddressInfo } from 'node:net'
import { PeerServer } from 'peer'
import { listening } from './report.ts'

PeerServer({ host: '127.0.0.1', port: 0, concurrent_limit: 100_000 }, (server) =>
  listening((server.address() as AddressInfo).port),
)
