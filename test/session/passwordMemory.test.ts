import { describe, expect, it } from 'vitest'
import { checkPasswordProof, derivePasswordVerifier } from '../../lib/identity/index.ts'
import { PasswordMemory } from '../../lib/session/passwordMemory.ts'

const sessionId = new Uint8Array(16).fill(1)
const params = { salt: new Uint8Array(16).fill(2), iterations: 10, sessionId }
const challenge = Uint8Array.of(1, 2, 3)

describe('[LNK-74] what a member keeps of its password', () => {
  it('proves it again and again', async () => {
    const { publicKey } = await derivePasswordVerifier('diesel', params)
    const memory = new PasswordMemory('diesel')
    for (let time = 0; time < 3; time++) {
      expect(await checkPasswordProof(publicKey, challenge, await memory.prove(params, challenge))).toBe(true)
    }
  })

  it('opens nothing but the session it joined', async () => {
    const memory = new PasswordMemory('diesel')
    await memory.prove(params, challenge)
    for (const other of [
      { ...params, salt: new Uint8Array(16).fill(3) },
      { ...params, iterations: 9 },
    ]) {
      await expect(memory.prove(other, challenge)).rejects.toMatchObject({ code: 'password-required' })
    }
  })

  it('is asked for where there was none', async () => {
    await expect(new PasswordMemory(undefined).prove(params, challenge)).rejects.toMatchObject({
      code: 'password-required',
    })
  })
})
