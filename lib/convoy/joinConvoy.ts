import { ConvoyError, throwIfAborted } from '../core/index.ts'
import { decodeInvite } from '../identity/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import { joinSession, type Session } from '../session/index.ts'
import { betweenHosts } from './betweenHosts.ts'
import { policyOf } from './enforcement/index.ts'
import {
  environmentOf,
  iceSupplyOf,
  listOf,
  openRendezvous,
  platformOf,
  type OpenedRendezvous,
} from './environment.ts'
import type { IceSupply } from './iceSupply.ts'
import { followNetwork } from './followNetwork.ts'
import { Hosting } from './hosting.ts'
import { KeptBans, sinkOf } from './keeping.ts'
import { loadOrderOf, profileOf } from './options.ts'
import { PeerConvoy } from './peerConvoy.ts'
import { reachHost, reopening, type ReachedHost } from './reopen.ts'
import { firstToLetIn, type MayEnter, type Way } from './sideBySide.ts'
import type { Convoy, JoinOptions } from './types.ts'

/**
 * Joins the session of an invite.
 * @param invite - an `openconvoy:` URI or a link that holds one, as a friend pasted it.
 * @returns once the host has admitted this member; links to the other members come about meanwhile.
 * @throws ConvoyError `invalid-argument`; `invite-malformed`, `invite-mistyped` or `invite-version`; `rendezvous-unreachable`;
 * `session-not-found`, `closed` when the host has no time or hangs up, or `timeout` when it falls silent, each after 5 s more in
 * which no other host was found; `host-mismatch`; any refusal of the host, of which `load-order-mismatch` has `details.findings`;
 * `link-failed`, `aborted`.
 * @example
 * ```ts
 * const convoy = await joinConvoy('openconvoy:…', { name: 'Ben', password: 'diesel' })
 * convoy.setVehicle(stateFromTheGame)
 * for (const vehicle of convoy.vehicles.sample()) draw(vehicle)
 * ```
 */
export async function joinConvoy(invite: string, options: JoinOptions): Promise<Convoy> {
  throwIfAborted(options.signal)
  const decoded = decodeInvite(invite)
  const profile = profileOf(options)
  const loadOrder = loadOrderOf(options)
  const enforcement = policyOf(options.enforcement)
  const platform = platformOf(options)
  // Not the options, for what comes back by itself: they hold the password.
  const { verify } = options
  const { clock } = platform
  const sources = [...listOf(options.rendezvous), ...decoded.hints]
  const open = (): OpenedRendezvous => openRendezvous(sources, platform)
  const rendezvous = open()
  let ice: IceSupply | undefined
  try {
    const supply = iceSupplyOf(options, platform, rendezvous.all, open)
    ice = supply
    const environment = await environmentOf(options, platform, supply, open)
    const checks = { clock, verify }
    const joiner = {
      ...profile,
      incarnation: environment.random.bytes(8),
      password: options.password,
      admit: options.admit,
      verifyClaims: options.verifyClaims,
    }
    const wayBack = reopening(open, decoded, checks)
    const join = (
      reached: ReachedSession,
      mayEnter: MayEnter,
      signal: AbortSignal | undefined,
    ): Promise<Session> =>
      joinSession(reached, decoded, { ...joiner, mayEnter }, loadOrder, environment, wayBack, signal)
    const byHand = rendezvous.all.filter((each) => each.byHand === true)
    const live: Way<Session> = (mayEnter, signal) => {
      const attempt = {
        reach: (leastEpoch: number) => reachHost(rendezvous, decoded, checks, signal, leastEpoch),
        join: (host: ReachedHost) => join(host, mayEnter, signal),
      }
      return betweenHosts(attempt, platform, signal)
    }
    const carried = byHand.map(
      (each): Way<Session> =>
        async (mayEnter, signal) =>
          join(await each.reach(decoded.sessionId, signal), mayEnter, signal),
    )
    const ways = byHand.length < rendezvous.all.length || byHand.length === 0 ? [live, ...carried] : carried
    const session = await firstToLetIn(ways, options.signal)
    if (session.isClosed) {
      throw new ConvoyError('kicked', 'The host removed you right after it had admitted you.')
    }
    const hosting = new Hosting(session, open)
    const { store } = options
    const bans = store === undefined ? undefined : new KeptBans(session, store)
    bans?.follow()
    const convoy = new PeerConvoy({
      session,
      invite,
      updateRate: options.updateRate,
      uplink: options,
      profile: options.profile,
      acceptsTraffic: options.acceptsTraffic,
      evidence: options.evidence,
      reports: options.reports ?? (store && sinkOf(session, store)),
      enforcement,
      reconnect: () => hosting.reconnect(),
      release: async () => {
        supply.close()
        await hosting.close()
        await bans?.idle()
      },
    })
    followNetwork(convoy, options)
    return convoy
  } catch (error) {
    ice?.close()
    throw error
  } finally {
    await rendezvous.close()
  }
}
