import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { sent, systemError } from "./support.ts"

const connecting = sent("connect", { sent: false })

describe("while connecting", () => {
  it.each(["ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET"])(
    "%s: nobody there, so look for the primary, without blaming the connections that are open",
    (code) => {
      expect(classify(systemError(code), connecting)).toMatchObject({
        kind: "connection_failed",
        origin: "socket",
        errno: code,
        blame: "server",
        retry: "statement",
        pace: "slow",
        connection: "discard",
        heal: "find_primary",
        effect: "not_applied",
      })
    },
  )

  it("ENOENT of a Unix socket means that no postmaster runs", () => {
    expect(classify(systemError("ENOENT"), connecting)).toMatchObject({ kind: "connection_failed", retry: "statement" })
  })

  it("ENOENT of a file is a wrong setting", () => {
    expect(classify(systemError("ENOENT", "open"), connecting)).toMatchObject({ kind: "configuration", retry: "never" })
  })

  it("EADDRNOTAVAIL: no port is free here, which is not the server's fault", () => {
    const failure = classify(systemError("EADDRNOTAVAIL"), connecting)
    expect(failure).toMatchObject({ kind: "resource_exhausted", blame: "client", retry: "statement", pace: "slow" })
    expect(failure.heal).toBeUndefined()
  })

  it.each(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])(
    "%s: this machine is overloaded, and more attempts add to it",
    (code) => {
      expect(classify(systemError(code), connecting)).toMatchObject({
        kind: "resource_exhausted",
        blame: "client",
        retry: "never",
        effect: "not_applied",
      })
    },
  )

  it("ENOTFOUND is a wrong name as long as it has never worked", () => {
    const failure = classify(systemError("ENOTFOUND", "getaddrinfo"), connecting)
    expect(failure).toMatchObject({ kind: "configuration", origin: "dns", retry: "never", blame: "client" })
  })

  it("ENOTFOUND passes when the name has worked before", () => {
    const failure = classify(systemError("ENOTFOUND", "getaddrinfo"), { ...connecting, everConnected: true })
    expect(failure).toMatchObject({ kind: "connection_failed", origin: "dns", retry: "statement", pace: "slow" })
  })

  it.each(["EAI_AGAIN", "EAI_FAIL", "ESERVFAIL"])("%s: ask the name service again", (code) => {
    expect(classify(systemError(code, "getaddrinfo"), connecting)).toMatchObject({
      kind: "connection_failed",
      origin: "dns",
      retry: "statement",
      pace: "slow",
      effect: "not_applied",
    })
  })

  it.each(["EACCES", "EPERM"])("%s: somebody has to allow it", (code) => {
    expect(classify(systemError(code), connecting)).toMatchObject({ kind: "configuration", retry: "never" })
  })

  it.each([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
    "EPROTO",
  ])("%s: the two sides do not agree on TLS", (code) => {
    const thrown = Object.assign(new Error(`certificate or protocol: ${code}`), { code })
    expect(classify(thrown, connecting)).toMatchObject({
      kind: "configuration",
      origin: "tls",
      blame: "client",
      retry: "never",
      connection: "discard",
    })
  })

  it("an error of onConnect's own is the application's", () => {
    expect(classify(new Error("no such tenant"), connecting)).toMatchObject({
      kind: "client_error",
      retry: "never",
      connection: "discard",
    })
  })
})

describe("several addresses were tried", () => {
  it("counts the one that may work another time", () => {
    const thrown = new AggregateError([systemError("EACCES"), systemError("ECONNREFUSED")], "")
    expect(classify(thrown, connecting)).toMatchObject({ errno: "ECONNREFUSED", retry: "statement" })
  })

  it("counts the first, if none may", () => {
    const thrown = new AggregateError([systemError("EMFILE"), systemError("EACCES")], "")
    expect(classify(thrown, connecting)).toMatchObject({ errno: "EMFILE", retry: "never" })
  })

  it("sees one that ran out of time on the first address", () => {
    const timedOut = Object.assign(new AggregateError([systemError("ETIMEDOUT")], ""), { code: "ETIMEDOUT" })
    expect(classify(timedOut, connecting)).toMatchObject({ kind: "connection_failed", errno: "ETIMEDOUT" })
  })
})

describe("on an established connection", () => {
  const losses = [
    "ECONNRESET",
    "EPIPE",
    "ECONNABORTED",
    "ENOTCONN",
    "ERR_STREAM_WRITE_AFTER_END",
    "ERR_STREAM_DESTROYED",
  ]

  it.each(losses)("%s: the laws say what became of the statement", (code) => {
    const thrown = systemError(code, "read")
    const always = { kind: "connection_failed", origin: "socket", connection: "discard", pace: "slow" }
    expect(classify(thrown, sent("read", { readOnly: true }))).toMatchObject({
      ...always,
      retry: "statement",
      effect: "not_applied",
    })
    expect(classify(thrown, sent("write"))).toMatchObject({ ...always, retry: "statement", effect: "unknown" })
    expect(classify(thrown, sent("transaction"))).toMatchObject({
      ...always,
      retry: "transaction",
      effect: "not_applied",
    })
    expect(classify(thrown, sent("commit"))).toMatchObject({ ...always, retry: "transaction", effect: "unknown" })
  })

  it.each(["ETIMEDOUT", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET"])(
    "%s: the host is away, and its other connections with it",
    (code) => {
      expect(classify(systemError(code, "read"), sent("write"))).toMatchObject({
        connection: "discard_generation",
        heal: "find_primary",
        pace: "slow",
        effect: "unknown",
      })
    },
  )

  it("a TLS record that is broken later is a bad line, not a wrong setting", () => {
    const thrown = Object.assign(new Error("bad record mac"), { code: "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC" })
    expect(classify(thrown, sent("write"))).toMatchObject({
      kind: "connection_failed",
      retry: "statement",
      effect: "unknown",
    })
  })

  it("takes a system call's code that nobody has listed for the socket's", () => {
    expect(classify(systemError("ECANCELED", "read"), sent("write"))).toMatchObject({
      kind: "connection_failed",
      errno: "ECANCELED",
    })
  })

  it("AbortError is its caller's wish, and the laws say what became of the statement", () => {
    const thrown = new DOMException("This operation was aborted", "AbortError")
    expect(classify(thrown, sent("write"))).toMatchObject({
      kind: "aborted",
      origin: "client",
      retry: "never",
      connection: "discard",
      effect: "unknown",
    })
    expect(classify(thrown, sent("transaction")).effect).toBe("not_applied")
  })
})
