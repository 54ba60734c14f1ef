import { createHash } from "node:crypto"

/**
 * What can be compared of a value across a reload of the module that made it: data by its content, functions and instances
 * only by being there. A digest, so that a password in it is kept nowhere.
 */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonical(value, [])).digest("base64url")
}

function canonical(value: unknown, above: readonly object[]): string {
  if (typeof value === "function") return "function"
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`
  if (above.includes(value)) return "cycle"
  const path = [...above, value]
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, path)).join()}]`
  if (!isPlain(value)) return `a ${value.constructor.name}`
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, path)}`).join()}}`
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
