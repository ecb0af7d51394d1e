import type { Convoy } from 'openconvoy'

/** Carries out what the host typed: `/limit 80`, `/kick NAME`; anything else is said to all. */
export async function obey(convoy: Convoy, text: string): Promise<void> {
  const [, command, argument = ''] = /^\/(\w+) (.+)$/.exec(text) ?? []
  if (command === 'limit') return convoy.setRules({ speedLimit: Number(argument) })
  if (command !== 'kick') return convoy.sendChat(text)
  const member = convoy.members.find(({ name }) => name === argument)
  if (member === undefined) throw new Error(`Nobody here is called ${argument}.`)
  return convoy.kick(member.id, 'The host asked you to leave.')
}
