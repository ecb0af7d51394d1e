import { throwIfAborted } from '../core/index.ts'
import { encodeInvite, fingerprintBytes } from '../identity/index.ts'
import { changeRules, defaultRules, parseRulesChanges } from '../protocol/index.ts'
import { comeBackAfterwards, hostSession } from '../session/index.ts'
import { policyOf } from './enforcement/index.ts'
import {
  environmentOf,
  hintsOf,
  iceSupplyOf,
  listOf,
  openRendezvous,
  platformOf,
  type OpenedRendezvous,
} from './environment.ts'
import { followNetwork } from './followNetwork.ts'
import { Hosting } from './hosting.ts'
import type { IceSupply } from './iceSupply.ts'
import { KeptBans, sinkOf } from './keeping.ts'
import { checkPassword, loadOrderOf, profileOf } from './options.ts'
import { PeerConvoy } from './peerConvoy.ts'
import { reopening } from './reopen.ts'
import type { Convoy, HostOptions } from './types.ts'

/**
 * Founds a session with this peer as its host and announces it.
 * @returns once others can join with `convoy.invite`.
 * @throws ConvoyError `invalid-argument`, `webrtc-missing`, `rendezvous-unreachable` when none of the services
 * answers, `rate-limited`, `aborted`.
 * @example
 * ```ts
 * const convoy = await hostConvoy({ name: 'Anna', rendezvous: 'ws://127.0.0.1:7100', password: 'diesel' })
 * console.log('Join me:', convoy.invite)
 * convoy.on('memberJoined', (member) => console.log(`${member.name} is here`))
 * ```
 */
export async function hostConvoy(options: HostOptions): Promise<Convoy> {
  throwIfAborted(options.signal)
  const rules = changeRules(defaultRules, parseRulesChanges(options.rules ?? {}))
  const profile = profileOf(options)
  const loadOrder = loadOrderOf(options)
  const enforcement = policyOf(options.enforcement)
  const { password } = options
  checkPassword(password)
  const platform = platformOf(options)
  const sources = listOf(options.rendezvous)
  const open = (): OpenedRendezvous => openRendezvous(sources, platform)
  const rendezvous = open()
  let ice: IceSupply | undefined
  try {
    const supply = iceSupplyOf(options, platform, rendezvous.all, open)
    ice = supply
    const environment = await environmentOf(options, platform, supply, open)
    // What a rendezvous can't prepare it can't announce either, and says so then.
    await Promise.allSettled(rendezvous.all.map(async (each) => each.ready?.(options.signal)))
    throwIfAborted(options.signal)
    const inviteSecret = rules.friendsOnly || !rules.showServer ? environment.random.bytes(16) : null
    const { session, role } = await hostSession(
      {
        ...profile,
        rules,
        loadOrder,
        password,
        ...(options.passwordIterations === undefined
          ? {}
          : { passwordIterations: options.passwordIterations }),
        inviteSecret,
        admit: options.admit,
        verifyClaims: options.verifyClaims,
      },
      environment,
    )
    throwIfAborted(options.signal)
    const hosting = new Hosting(session, () => rendezvous)
    const invited = {
      sessionId: session.record.sessionId,
      hostFingerprint: fingerprintBytes(environment.identity),
      hints: hintsOf(rendezvous),
      ...(inviteSecret === null ? {} : { secret: inviteSecret }),
    }
    const { clock } = platform
    const { verify } = options
    comeBackAfterwards(session, role, {
      invite: invited,
      profile: { ...profile, password },
      loadOrder,
      reopen: reopening(open, invited, { clock, verify }),
    })
    const invite = encodeInvite(invited)
    const { store } = options
    const bans = store === undefined ? undefined : new KeptBans(session, store)
    const convoy = new PeerConvoy({
      session,
      invite,
      updateRate: options.updateRate,
      uplink: options,
      profile: options.profile,
      reconnect: () => hosting.reconnect(),
      acceptsTraffic: options.acceptsTraffic,
      evidence: options.evidence,
      reports: options.reports ?? (store && sinkOf(session, store)),
      enforcement,
      release: async () => {
        supply.close()
        await hosting.close()
        await bans?.idle()
      },
    })
    try {
      await bans?.restore(options.signal)
      bans?.follow()
      await hosting.start(options.signal)
      throwIfAborted(options.signal)
      followNetwork(convoy, options)
      return convoy
    } catch (error) {
      await convoy.close()
      throwIfAborted(options.signal)
      throw error
    }
  } catch (error) {
    ice?.close()
    await rendezvous.close()
    throw error
  }
}
