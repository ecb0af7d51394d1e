/** What the host's rules say once decision `number` was made: numbers only grow, so that a lost one shows. */
export function decisionText(number: number): string {
  return `Decision ${number}`
}

/** The decision that rules show; 0 before the first. */
export function decisionIn({ welcomeMessage }: { readonly welcomeMessage: string }): number {
  return Number(/^Decision (\d+)$/.exec(welcomeMessage)?.[1] ?? 0)
}
