import type { Failure } from "../failure/failure.ts"
import type { PgWire } from "./internals.ts"

const MECHANISM = "SCRAM-SHA-256-PLUS"

/**
 * libpq's `channel_binding=require`, which `pg` does not know: the server must prove over SCRAM that it is the one whose
 * certificate was seen, so nothing else may pass as a log-in, not even none at all. Call it before `connect`: it listens
 * first, and so ends the connection before a password could be sent in any other way.
 */
export function requireChannelBinding(wire: PgWire, refused: (failure: Failure) => void): void {
  let bound = false
  const refuse = (found: string): void => {
    const failure = unbound(found)
    refused(failure)
    wire.stream.destroy(new Error(failure.message))
  }
  wire.prependListener("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    bound = mechanisms.includes(MECHANISM)
    if (!bound) refuse(`offers ${mechanisms.join(" and ")}`)
  })
  wire.prependListener("authenticationCleartextPassword", () => refuse("asks for the password in clear text"))
  wire.prependListener("authenticationMD5Password", () => refuse("asks for an MD5 password"))
  wire.prependListener("authenticationOk", () => {
    if (!bound) refuse("lets us in without a password")
  })
}

function unbound(found: string): Failure {
  return {
    kind: "authentication_failed",
    blame: "client",
    retry: "never",
    pace: "slow",
    connection: "discard",
    effect: "not_applied",
    origin: "client",
    phase: "connect",
    message:
      `channel_binding is require, and the server ${found} instead of ${MECHANISM}. ` +
      "Connect with TLS as a user with a SCRAM password, or write prefer.",
  }
}
