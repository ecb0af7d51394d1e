import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BytesMap, toHex } from '../../lib/core/index.ts'

// Few bytes of few values, so that keys come again and places are shared.
const key = fc.uint8Array({ minLength: 0, maxLength: 6, max: 1 })
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, value: fc.nat() }),
  fc.record({ do: fc.constant('delete' as const), key }),
)

describe('a map by bytes', () => {
  it('holds what a map by their text would', () => {
    fc.assert(
      fc.property(fc.array(step), key, (steps, asked) => {
        const [map, model] = [new BytesMap<number>(), new Map<string, number>()]
        for (const each of steps) {
          if (each.do === 'delete') expect(map.delete(each.key)).toBe(model.delete(toHex(each.key)))
          else {
            map.set(each.key, each.value)
            model.set(toHex(each.key), each.value)
          }
        }
        expect(map.size).toBe(model.size)
        expect([...map.values()].sort()).toEqual([...model.values()].sort())
        expect(map.get(asked)).toBe(model.get(toHex(asked)))
        expect(map.has(asked)).toBe(model.has(toHex(asked)))
      }),
    )
  })

  it('knows a key by its bytes, not by the array', () => {
    const map = new BytesMap<string>()
    map.set(Uint8Array.of(1, 2, 3, 4, 5), 'here')
    expect(map.get(Buffer.from([1, 2, 3, 4, 5]))).toBe('here')
    expect(map.get(Uint8Array.of(1, 2, 3, 4, 6))).toBeUndefined()
  })
})
