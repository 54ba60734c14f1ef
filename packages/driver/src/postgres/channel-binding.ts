import type { PgWire } from "./internals.ts"

const MECHANISM = "SCRAM-SHA-256-PLUS"

/**
 * libpq's `channel_binding=require`, which `pg` does not know: the server must prove over SCRAM that it is the one whose
 * certificate was seen, so nothing else may pass as a log-in, not even none at all. Call it before `connect`: it listens
 * first, so the connection ends before a password could be sent in any other way.
 */
export function requireChannelBinding(wire: PgWire): void {
  let bound = false
  const refuse = (found: string): void => {
    const why = `channel_binding is require, and the server ${found} instead of ${MECHANISM}`
    wire.stream.destroy(new Error(`${why}: connect with TLS to a server with SCRAM passwords, or write prefer`))
  }
  wire.prependListener("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    bound = mechanisms.includes(MECHANISM)
    if (!bound) refuse(`offers ${mechanisms.join(" and ")}`)
  })
  wire.prependListener("authenticationCleartextPassword", () => refuse("asks for the password in clear text"))
  wire.prependListener("authenticationMD5Password", () => refuse("asks for an MD5 password"))
  wire.prependListener("authenticationOk", () => {
    if (!bound) refuse("let us in without a password")
  })
}
