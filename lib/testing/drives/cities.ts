import { ConvoyError } from '../../core/index.ts'

/** A point of the game's map, metres: X east, Z south. */
export interface MapPoint {
  readonly x: number
  readonly z: number
}

/** Where cities lie on the map of Euro Truck Simulator 2, read from the game's own positions. */
export const cities = {
  amsterdam: { x: -18_599, z: -11_736 },
  antwerp: { x: -21_215, z: -5_294 },
  berlin: { x: 10_343, z: -9_904 },
  brussels: { x: -21_853, z: -2_960 },
  budapest: { x: 32_368, z: 17_883 },
  calais: { x: -30_243, z: -4_986 },
  london: { x: -37_740, z: -13_268 },
} as const satisfies Record<string, MapPoint>

/** Name of a city that a route may touch. */
export type City = keyof typeof cities

/**
 * The cities of a route written as `calais-berlin` or `calais-brussels-berlin`.
 * @throws ConvoyError `invalid-argument` for fewer than two cities, unknown ones, or one twice in a row.
 */
export function citiesOfRoute(text: string): City[] {
  const names = text.toLowerCase().split('-')
  const known = Object.keys(cities)
  const route: City[] = []
  for (const name of names) {
    if (!isCity(name)) {
      throw new ConvoyError(
        'invalid-argument',
        `The route "${text}" names "${name}", which is not a known city. Known are: ${known.join(', ')}.`,
      )
    }
    if (route.at(-1) === name) {
      throw new ConvoyError('invalid-argument', `The route "${text}" names ${name} twice in a row.`)
    }
    route.push(name)
  }
  if (route.length < 2) {
    throw new ConvoyError('invalid-argument', `The route "${text}" needs two cities, e.g. calais-berlin.`)
  }
  return route
}

function isCity(name: string): name is City {
  return Object.hasOwn(cities, name)
}
