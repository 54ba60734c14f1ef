import type { Random } from "./clock.ts"

/**
 * A UUID of version 7 (RFC 9562, section 5.7): it begins with the time, so that keys made one after the other lie side by side in
 * an index.
 *
 * @param wallTime milliseconds since the epoch
 */
export function uuidV7(wallTime: number, random: Random): string {
  const time = Math.floor(wallTime).toString(16).padStart(12, "0")
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("")
  const variant = (8 + Math.floor(random() * 4)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(12)}`
}
