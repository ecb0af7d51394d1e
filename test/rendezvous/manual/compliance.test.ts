import { encodeInvite, openAnnouncement, fingerprintBytes } from '../../../lib/identity/index.ts'
import { manualCodes, type ManualCodes, type Rendezvous, type Route } from '../../../lib/rendezvous/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../../compliance/rendezvous.ts'
import { clock, until } from '../../signaling/support.ts'

/**
 * People who carry every code at once to everybody. What they can't do is notice a route on which nothing is said: so each
 * begins with an empty message, which hosts overhear.
 */
class Couriers {
  readonly #all = new Set<ManualCodes>()

  rendezvous(): Rendezvous {
    const codes = manualCodes()
    this.#all.add(codes)
    codes.on('code', ({ text }) => {
      for (const other of this.#all) other.take(text).catch(() => {})
    })
    const hostings = this.#hostings
    return Object.assign(Object.create(codes) as ManualCodes, {
      announce: async (...parameters: Parameters<Rendezvous['announce']>) => {
        const hosted = await codes.announce(...parameters)
        const { sessionId, envelope } = parameters[0]
        const { host } = await openAnnouncement(envelope, { clock })
        const invite = encodeInvite({ sessionId, hostFingerprint: fingerprintBytes(host), hints: [] })
        hostings.add({ codes, invite })
        return {
          on: (name: 'route', listener: (route: Route) => void) =>
            hosted.on(name, (route) => listener(overhearing(route))),
          update: hosted.update.bind(hosted),
          close: hosted.close.bind(hosted),
        }
      },
      reach: async (sessionId: Uint8Array, signal?: AbortSignal) => {
        for (const { codes: host, invite } of hostings)
          await host.call(invite).then(
            (call) => codes.take(call),
            () => {},
          )
        const reached = await codes.reach(sessionId, signal)
        reached.route.send(new Uint8Array(0))
        return reached
      },
      list: codes.list.bind(codes),
      close: codes.close.bind(codes),
    })
  }

  readonly #hostings = new Set<{ codes: ManualCodes; invite: string }>()
}

function overhearing(route: Route): Route {
  return {
    send: (message) => route.send(message),
    close: () => route.close(),
    on: (name, listener) =>
      route.on(name, (event) => {
        if (!(event instanceof Uint8Array && event.length === 0)) listener(event)
      }),
  }
}

describeRendezvous(
  'people with codes',
  (): Promise<RendezvousSubject> => {
    const couriers = new Couriers()
    const nothing = (): Promise<void> => Promise.resolve()
    return Promise.resolve({
      clock,
      rendezvous: () => couriers.rendezvous(),
      goDown: nothing,
      comeBack: nothing,
      complete: (work) => work,
      until,
      clients: () => 0,
      close: nothing,
    })
  },
  { service: true, list: true, closing: true },
)
