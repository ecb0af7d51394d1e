import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Registry } from 'prom-client'
import type { SignalingState, SignalingStats } from './service.ts'

/** What is told of a service. */
export interface ObservedService {
  readonly state: () => SignalingState
  readonly stats: () => SignalingStats
}

/** Metrics of one service, as text for Prometheus. */
export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  /** Stops measuring. */
  close(): void
}

/** In front of every name. */
const prefix = 'openconvoy_signaling_'

/** The event loop is looked at this often, ms: what is late by less nobody notices. */
const lagResolutionMs = 20

/** Of the event loop's lag. */
const lagQuantiles = [0.5, 0.9, 0.99] as const

/**
 * Metrics of a service. They are read from its own counts when somebody asks, so they cost nothing in between; labels take only
 * names that are written in the code, and nothing tells who is connected.
 */
export function createMetrics({ state, stats }: ObservedService): Metrics {
  // One of its own: the library's global one may belong to the program around it.
  const registry = new Registry()
  const registers = [registry]
  // Asking for statistics walks all connections: once for all metrics of one answer is enough.
  let now = stats()

  const gauge = (name: string, help: string, value: (of: SignalingStats) => number): void => {
    const metric: Gauge = new Gauge({
      name: prefix + name,
      help,
      registers,
      collect: () => metric.set(value(now)),
    })
  }
  const counter = (name: string, help: string, value: (of: SignalingStats) => number): void => {
    const metric: Counter = new Counter({
      name: prefix + name,
      help,
      registers,
      collect() {
        metric.reset()
        metric.inc(value(now))
      },
    })
  }
  const counters = (
    name: string,
    help: string,
    labelNames: readonly string[],
    values: (of: SignalingStats) => Iterable<readonly [labels: readonly string[], count: number]>,
  ): void => {
    const metric: Counter = new Counter({
      name: prefix + name,
      help,
      labelNames: [...labelNames],
      registers,
      collect() {
        metric.reset()
        for (const [labels, count] of values(now)) metric.labels(...labels).inc(count)
      },
    })
  }
  const byName = (counts: Readonly<Record<string, number | undefined>>) =>
    Object.entries(counts).map(([name, count]) => [[name], count ?? 0] as const)

  gauge('ready', 'Whether the service takes clients: 1, or 0 while it drains.', () =>
    Number(state() === 'ready'),
  )
  gauge('uptime_seconds', 'Since the service started.', ({ uptimeMs }) => uptimeMs / 1_000)
  gauge('connections', 'Clients that are connected.', ({ clients }) => clients)
  gauge('pending_connections', 'Connections that have not said hello yet.', ({ pending }) => pending)
  gauge('slow_readers', 'Connections for which much waits to be read.', ({ slowReaders }) => slowReaders)
  gauge('sessions', 'Sessions that are announced.', ({ sessions }) => sessions)
  gauge('routes', 'Routes that are open.', ({ routes }) => routes)
  gauge(
    'witness_configurations',
    'Configurations of voters that are witnessed.',
    ({ witnessed }) => witnessed,
  )
  counters(
    'handshake_failures_total',
    'Connections that failed before they had said hello, by what was in the way.',
    ['reason'],
    (of) => byName(of.handshakeFailures),
  )
  counters(
    'frames_received_total',
    'Frames of clients, by type and by what became of them.',
    ['type', 'outcome'],
    (of) =>
      Object.entries(of.receivedFrames).flatMap(([type, outcomes]) =>
        Object.entries(outcomes).map(([outcome, count]) => [[type, outcome], count] as const),
      ),
  )
  counter('frames_sent_total', 'Frames to clients.', ({ sentFrames }) => sentFrames)
  counter('received_bytes_total', 'Bytes of frames of clients.', ({ receivedBytes }) => receivedBytes)
  counter('sent_bytes_total', 'Bytes of frames to clients.', ({ sentBytes }) => sentBytes)
  counter(
    'relayed_messages_total',
    'Messages handed on over routes.',
    ({ relayedMessages }) => relayedMessages,
  )
  counter('relayed_bytes_total', 'Bytes of those messages.', ({ relayedBytes }) => relayedBytes)
  counters('refusals_total', 'What was refused, and connections that were cut, by code.', ['code'], (of) =>
    byName(of.refused),
  )
  counters('limits_hit_total', 'How often a limit was met, by limit.', ['limit'], (of) =>
    byName(of.limitsHit),
  )
  counters('witness_grants_total', 'Requests for the vote of the witness, by outcome.', ['outcome'], (of) =>
    byName(of.grants),
  )
  counters('stun_requests_total', 'STUN requests, by outcome.', ['outcome'], (of) =>
    byName({ answered: of.stunAnswered, ignored: of.stunIgnored }),
  )
  const lag = watchEventLoop(registry)
  watchProcess(registry)

  return {
    contentType: registry.contentType,
    text() {
      now = stats()
      return registry.metrics()
    },
    close() {
      lag.stop()
      registry.clear()
    },
  }
}

/** How late the event loop was since it was last asked about: what a busy processor does to everybody. */
function watchEventLoop(registry: Registry): { stop(): void } {
  const histogram = monitorEventLoopDelay({ resolution: lagResolutionMs })
  histogram.enable()
  // It counts from the beginning of one look to the beginning of the next.
  const seconds = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - lagResolutionMs / 1_000) : 0
  const lag: Gauge = new Gauge({
    name: `${prefix}event_loop_lag_seconds`,
    help: 'How late the event loop was, since the last time this was read.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of lagQuantiles) {
        lag.set({ quantile: String(quantile) }, seconds(histogram.percentile(quantile * 100)))
      }
      lag.set({ quantile: '1' }, seconds(histogram.max))
      histogram.reset()
    },
  })
  return { stop: () => histogram.disable() }
}

/** By the names that Prometheus' own clients give them. */
function watchProcess(registry: Registry): void {
  const registers = [registry]
  const memory: Gauge = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
    collect: () => memory.set(process.memoryUsage.rss()),
  })
  const cpu: Counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      cpu.reset()
      cpu.inc((user + system) / 1e6)
    },
  })
}
