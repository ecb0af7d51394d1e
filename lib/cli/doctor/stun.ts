import { createHash, createHmac } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { ipv6Octets } from '../../core/index.ts'

/** Methods and classes of RFC 8489 section 5 and RFC 8656 section 17, as the type of a message holds them. */
export const stunTypes = {
  bindingRequest: 0x0001,
  bindingSuccess: 0x0101,
  bindingError: 0x0111,
  allocateRequest: 0x0003,
  allocateSuccess: 0x0103,
  allocateError: 0x0113,
  refreshRequest: 0x0004,
  refreshSuccess: 0x0104,
  refreshError: 0x0114,
  permissionRequest: 0x0008,
  permissionSuccess: 0x0108,
  sendIndication: 0x0016,
  dataIndication: 0x0017,
  channelBindRequest: 0x0009,
  channelBindSuccess: 0x0109,
} as const

/** Attributes, ibidem section 14 and 18, and of RFC 5780 section 7. */
export const stunAttributes = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  channelNumber: 0x000c,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  padding: 0x0026,
  software: 0x8022,
  fingerprint: 0x8028,
  otherAddress: 0x802c,
} as const

const magicCookie = 0x2112a442
const headerBytes = 20
const integrityBytes = 20

/** One attribute of a message. */
export interface StunAttribute {
  readonly type: number
  readonly value: Uint8Array
}

/** A STUN or TURN message. */
export interface StunMessage {
  readonly type: number
  /** 12 bytes. */
  readonly transaction: Uint8Array
  readonly attributes: readonly StunAttribute[]
}

/** An address as STUN tells it. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** The key of long-term credentials: RFC 8489 section 9.2.2. */
export function longTermKey(username: string, realm: string, credential: string): Uint8Array {
  return createHash('md5').update(`${username}:${realm}:${credential}`).digest()
}

/** A message as it goes out, with MESSAGE-INTEGRITY where there is a key. */
export function encodeStun(message: StunMessage, key?: Uint8Array): Uint8Array {
  const body = message.attributes.map(({ type, value }) => {
    const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3))
    bytes.writeUInt16BE(type, 0)
    bytes.writeUInt16BE(value.length, 2)
    bytes.set(value, 4)
    return bytes
  })
  const head = Buffer.alloc(headerBytes)
  const length = body.reduce((sum, { length: each }) => sum + each, 0)
  head.writeUInt16BE(message.type, 0)
  head.writeUInt16BE(length + (key === undefined ? 0 : 4 + integrityBytes), 2)
  head.writeUInt32BE(magicCookie, 4)
  head.set(message.transaction, 8)
  const plain = Buffer.concat([head, ...body])
  if (key === undefined) return plain
  const integrity = Buffer.alloc(4 + integrityBytes)
  integrity.writeUInt16BE(stunAttributes.messageIntegrity, 0)
  integrity.writeUInt16BE(integrityBytes, 2)
  integrity.set(createHmac('sha1', key).update(plain).digest(), 4)
  return Buffer.concat([plain, integrity])
}

/** What came in as a message; undefined for anything else. */
export function decodeStun(bytes: Uint8Array): StunMessage | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < headerBytes || view.getUint32(4) !== magicCookie) return undefined
  if (view.getUint16(2) !== bytes.length - headerBytes || view.getUint16(0) >= 0x4000) return undefined
  const attributes: StunAttribute[] = []
  let offset = headerBytes
  while (offset < bytes.length) {
    if (offset + 4 > bytes.length) return undefined
    const length = view.getUint16(offset + 2)
    if (offset + 4 + length > bytes.length) return undefined
    attributes.push({ type: view.getUint16(offset), value: bytes.slice(offset + 4, offset + 4 + length) })
    offset += 4 + ((length + 3) & ~3)
  }
  return { type: view.getUint16(0), transaction: bytes.slice(8, headerBytes), attributes }
}

/** Whether a message is whole and made with `key`: only then does it say what its sender said. */
export function hasIntegrity(bytes: Uint8Array, key: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let offset = headerBytes
  while (offset + 4 + integrityBytes <= bytes.length) {
    const length = view.getUint16(offset + 2)
    if (view.getUint16(offset) === stunAttributes.messageIntegrity) {
      const covered = Buffer.from(bytes.slice(0, offset))
      covered.writeUInt16BE(offset - headerBytes + 4 + integrityBytes, 2)
      const expected = createHmac('sha1', key).update(covered).digest()
      return expected.equals(bytes.slice(offset + 4, offset + 4 + integrityBytes))
    }
    offset += 4 + ((length + 3) & ~3)
  }
  return false
}

/** The value of the first attribute of a type. */
export function attribute(message: StunMessage, type: number): Uint8Array | undefined {
  return message.attributes.find((each) => each.type === type)?.value
}

/** The text of an attribute such as REALM. */
export function textOf(message: StunMessage, type: number): string | undefined {
  const value = attribute(message, type)
  return value && new TextDecoder().decode(value)
}

/** ERROR-CODE, e.g. 401. */
export function errorCodeOf(message: StunMessage): number | undefined {
  const value = attribute(message, stunAttributes.errorCode)
  return value === undefined || value.length < 4 ? undefined : (value[2] ?? 0) * 100 + (value[3] ?? 0)
}

/** An address from an attribute that holds one, xored or plain. */
export function addressOf(message: StunMessage, type: number): Endpoint | undefined {
  const value = attribute(message, type)
  if (value === undefined || (value.length !== 8 && value.length !== 20)) return undefined
  if (value[1] !== (value.length === 8 ? 0x01 : 0x02)) return undefined
  const xored = type !== stunAttributes.mappedAddress && type !== stunAttributes.otherAddress
  const bytes = xored ? xor(value, message.transaction) : value
  const port = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0)
  const octets = bytes.slice(4)
  if (octets.length === 4) return { address: octets.join('.'), port }
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((octets[2 * at] ?? 0) << 8) | (octets[2 * at + 1] ?? 0)).toString(16),
  )
  return { address: shortened(groups.join(':')), port }
}

/** An attribute that holds an address, xored as all but two are. */
export function addressAttribute(
  type: number,
  { address, port }: Endpoint,
  transaction: Uint8Array,
): StunAttribute {
  const octets = isIPv6(address) ? ipv6Octets(address) : Uint8Array.from(address.split('.'), Number)
  const plain = new Uint8Array(4 + octets.length)
  plain[1] = octets.length === 4 ? 0x01 : 0x02
  new DataView(plain.buffer).setUint16(2, port)
  plain.set(octets, 4)
  return { type, value: xor(plain, transaction) }
}

/** `address:port`, with brackets where there are colons already. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function xor(value: Uint8Array, transaction: Uint8Array): Uint8Array {
  const mask = new Uint8Array(16)
  new DataView(mask.buffer).setUint32(0, magicCookie)
  mask.set(transaction, 4)
  return value.map((octet, at) => {
    if (at < 2) return octet
    return octet ^ (mask[at < 4 ? at - 2 : at - 4] ?? 0)
  })
}

/** As the platform writes IPv6 addresses, so that they can be compared. */
function shortened(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}
