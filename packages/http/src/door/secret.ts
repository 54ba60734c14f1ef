import { createHash, createHmac, timingSafeEqual } from "node:crypto"

/** Whether two texts are the same, in a time that says nothing of where they differ, or of how long the secret is. */
export function same(given: string, secret: string): boolean {
  return timingSafeEqual(digest(given), digest(secret))
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}

/** What shows that whoever has it has shown the token, until then: so that a browser need not keep the token itself. */
export function pass(token: string, untilMs: number): string {
  return `${untilMs}.${sealOf(token, untilMs)}`
}

export function passes(given: string, token: string, nowMs: number): boolean {
  const [until = "", seal = ""] = given.split(".", 2)
  if (!/^\d{1,15}$/.test(until) || Number(until) <= nowMs) return false
  return same(seal, sealOf(token, Number(until)))
}

function sealOf(token: string, untilMs: number): string {
  return createHmac("sha256", `kysely-resilient live page\n${token}`).update(String(untilMs)).digest("base64url")
}
