/**
 * What the browser build puts in the place of simple-peer's dependencies: together with {@link Duplex} all that
 * the eight of them are used for, without Node's Buffer and streams. See scripts/simplePeerForBrowsers.ts.
 */

export * as stream from './duplex.ts'

/** `debug`: nothing of ours turns simple-peer's own log on. */
export function debug(): () => void {
  return () => undefined
}

/** `get-browser-rtc`: never asked, since the engine's classes are always handed in. */
export function getBrowserRTC(): null {
  return null
}

/** `randombytes`: makes names only, of the instance for its log and of channels that got none; ours have one. */
export function randombytes(): string {
  return 'simple-peer'
}

/** `queue-microtask`: every browser that has WebRTC data channels in all these parts has it built in. */
export const queueMicrotask = (callback: () => void): void => globalThis.queueMicrotask(callback)

/** `err-code`: gives `error` a code. Defined, not assigned: a DOMException has a read-only one of its own. */
export function errCode(error: Error, code: string): Error {
  return Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true })
}

/** `buffer`: messages are handed on as plain bytes. */
export const Buffer = { from: (data: ArrayBuffer): Uint8Array => new Uint8Array(data) }
