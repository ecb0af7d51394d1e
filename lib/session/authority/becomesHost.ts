import type { Session } from '../session.ts'

/** Resolves once the member with `id` decides; never where it doesn't, which the caller has to bound. */
export function becomesHost(session: Session, id: string): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = session.events.on('hostChanged', ({ host }) => {
      if (host.id !== id) return
      unsubscribe()
      resolve()
    })
    session.events.on('closed', unsubscribe)
  })
}
