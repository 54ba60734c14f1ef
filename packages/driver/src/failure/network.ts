import { loss, misconfigured, misuse, rowIn } from "./row.ts"
import type { Cell, Circumstances, Row } from "./row.ts"
import type { Origin } from "./failure.ts"
import type { Layer } from "./layers.ts"

/** A row of an error that no server sent, and where it came from. */
export interface Report {
  readonly origin: Origin
  readonly row: Row
}

/** Nobody listens, or nobody is there: the host's other connections are in the same boat. */
const UNREACHABLE: Row = loss("connection_failed", { connection: "discard_generation", heal: "find_primary" })

/** This machine ran out of something; more attempts would make it worse. */
const OVERLOADED: Row = misconfigured("resource_exhausted")

const RESET: Row = loss("connection_failed")

/** An answer that may be another one in a moment. */
const NAME_SERVICE: Row = loss("connection_failed")

const NOT_ALLOWED: Row = misconfigured("configuration")

/** While connecting, both sides disagree about TLS; once connected they agreed, and the line is bad. */
const TLS_TROUBLE: Cell = (_, { evidence }) =>
  evidence.phase === "connect" ? misconfigured("configuration") : loss("connection_failed")

/** Node's and the system's error codes. The effect is the laws' business: while connecting, nothing of the caller's was sent. */
const ERRNOS: Readonly<Record<Exclude<Origin, "server" | "pooler" | "driver">, Readonly<Record<string, Cell>>>> = {
  socket: {
    ECONNREFUSED: UNREACHABLE,
    // Without a postmaster the Unix socket's file is gone; any other missing file is a setting's (a certificate).
    ENOENT: (said) => (said.syscall === "connect" ? UNREACHABLE : NOT_ALLOWED),
    ETIMEDOUT: UNREACHABLE,
    EHOSTUNREACH: UNREACHABLE,
    EHOSTDOWN: UNREACHABLE,
    ENETUNREACH: UNREACHABLE,
    ENETDOWN: UNREACHABLE,
    ENETRESET: UNREACHABLE,
    ERR_SOCKET_CONNECTION_TIMEOUT: UNREACHABLE,

    ECONNRESET: RESET,
    EPIPE: RESET,
    ECONNABORTED: RESET,
    ENOTCONN: RESET,
    ERR_STREAM_WRITE_AFTER_END: RESET,
    ERR_STREAM_DESTROYED: RESET,
    ERR_STREAM_PREMATURE_CLOSE: RESET,
    ERR_SOCKET_CLOSED: RESET,
    ERR_SOCKET_CLOSED_BEFORE_CONNECTION: RESET,

    EADDRNOTAVAIL: loss("resource_exhausted", { blame: "client" }), // no local port is free
    EMFILE: OVERLOADED,
    ENFILE: OVERLOADED,
    ENOBUFS: OVERLOADED,
    ENOMEM: OVERLOADED,
    EACCES: NOT_ALLOWED,
    EPERM: NOT_ALLOWED,
  },
  dns: {
    // A name that has never worked is misspelt; one that has is on its way to another address.
    ENOTFOUND: (_, { evidence }) =>
      evidence.everConnected ? loss("connection_failed") : misconfigured("configuration"),
    EAI_AGAIN: NAME_SERVICE,
    EAI_FAIL: NAME_SERVICE,
    ESERVFAIL: NAME_SERVICE,
    ETIMEOUT: NAME_SERVICE,
  },
  tls: {
    DEPTH_ZERO_SELF_SIGNED_CERT: NOT_ALLOWED,
    SELF_SIGNED_CERT_IN_CHAIN: NOT_ALLOWED,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_ALLOWED,
    UNABLE_TO_GET_ISSUER_CERT: NOT_ALLOWED,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_ALLOWED,
    CERT_HAS_EXPIRED: NOT_ALLOWED,
    CERT_NOT_YET_VALID: NOT_ALLOWED,
    CERT_REVOKED: NOT_ALLOWED,
    CERT_UNTRUSTED: NOT_ALLOWED,
    CERT_REJECTED: NOT_ALLOWED,
    HOSTNAME_MISMATCH: NOT_ALLOWED,
    ERR_TLS_CERT_ALTNAME_INVALID: NOT_ALLOWED,
    EPROTO: TLS_TROUBLE,
  },
  client: {
    ABORT_ERR: misuse("aborted", { connection: "discard" }),
  },
}

/** All of them by where they come from: what docs/errors.md lists. */
export const ERRNO_CODES: readonly { readonly origin: Origin; readonly code: string }[] = (
  ["socket", "dns", "tls", "client"] as const
).flatMap((origin) => Object.keys(ERRNOS[origin]).map((code) => ({ origin, code })))

const TLS_CODE = /^ERR_(SSL|TLS|OSSL)_/

/** What an errno, an AbortError or a TLS code means; undefined if the thing carries none. */
export function reportOfErrno(said: Layer, circumstances: Circumstances): Report | undefined {
  const code = said.name === "AbortError" ? "ABORT_ERR" : said.code
  if (code === undefined) return undefined
  for (const origin of ["socket", "dns", "tls", "client"] as const) {
    const cells = ERRNOS[origin]
    const cell = Object.hasOwn(cells, code) ? cells[code] : undefined
    if (cell !== undefined) return { origin, row: rowIn(cell, said, circumstances) }
  }
  if (TLS_CODE.test(code)) return { origin: "tls", row: rowIn(TLS_TROUBLE, said, circumstances) }

  // Node names the system call only where the system refused it, so this one is the socket's, whatever it is called.
  if (said.syscall !== undefined) return { origin: "socket", row: loss("connection_failed") }
  return undefined
}
