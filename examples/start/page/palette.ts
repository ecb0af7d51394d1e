/** Colours of trucks by slot: told apart also by people who see few colours, and each over 4.5:1 on the ground. */
const truckColors = [
  ...['#ffb224', '#4cc2ff', '#7ee787', '#ff8fa3', '#c8a6ff', '#5eead4', '#f9f871', '#ff9d5c'],
  ...['#ffffff', '#8fb4ff', '#c3e88d', '#ff7ad9', '#d7b48c', '#66d9a0', '#ffd7a8', '#a9b8c6'],
]

export const groundColor = '#0a0e13'
export const gridColor = '#121a23'
export const asphaltColor = '#212c38'
export const treeColors = ['#0f1f1a', '#12261f', '#0d1a17']
export const markingColor = '#7d8b99'
export const textColor = '#e6edf3'

/** The colour of the member with `slot`. */
export function truckColor(slot: number): string {
  return truckColors[slot % truckColors.length] ?? textColor
}
