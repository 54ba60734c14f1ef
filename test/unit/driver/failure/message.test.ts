import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import { fatal, poolerError, sent, serverError, systemError } from "./support.ts"

describe("a message", () => {
  it.each([
    ["unsupported startup parameter: options", /: options\. Leave it out \(connection\.options, PGOPTIONS\)/],
    ["transaction blocks not allowed in statement pooling mode", /mode\. Use pool_mode transaction or session/],
  ])("of a pooler, %s, says what to change there or here", (said, expected) => {
    expect(classify(poolerError(said), untouched("connect")).message).toMatch(expected)
  })

  it("starts with what PostgreSQL said, unchanged", () => {
    const thrown = serverError("40P01", { message: "deadlock detected" })
    expect(classify(thrown, sent("transaction")).message).toBe(
      "deadlock detected. Run the whole transaction again, and take locks in the same order everywhere.",
    )
  })

  it("adds nothing where PostgreSQL has said it all", () => {
    const thrown = serverError("42P01", { message: 'relation "user" does not exist' })
    expect(classify(thrown, sent("write")).message).toBe('relation "user" does not exist.')
  })

  it("does not close a sentence twice", () => {
    expect(classify(poolerError("server conn crashed?"), sent("write")).message).toBe(
      "The pooler said: server conn crashed?",
    )
  })

  it("says what to do when the server is full", () => {
    const thrown = fatal("53300", { message: "sorry, too many clients already" })
    expect(classify(thrown, sent("connect")).message).toBe(
      "sorry, too many clients already. Lower pool.max over all processes, or raise the limit of the server or pooler.",
    )
  })

  it("says where nobody answered", () => {
    expect(classify(systemError("ECONNREFUSED"), untouched("connect")).message).toBe(
      "The connection to PostgreSQL failed: connect ECONNREFUSED 127.0.0.1:5432. " +
        "Check that the server runs and that the network reaches it.",
    )
  })

  it("says which side ran out of something", () => {
    expect(classify(systemError("EMFILE"), untouched("connect")).message).toContain(
      "This machine has no file descriptors",
    )
  })

  it("says where to look when a name or a certificate is wrong", () => {
    expect(classify(systemError("ENOTFOUND", "getaddrinfo"), untouched("connect")).message).toContain(
      "Check the host name",
    )
    const expired = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" })
    expect(classify(expired, untouched("connect")).message).toBe(
      "No TLS connection could be made: certificate has expired. Check sslmode and the certificates on both sides.",
    )
  })

  it("has words for an error that has none", () => {
    expect(classify({}, sent("write")).message).toBe("The driver said: no reason given.")
  })

  it("never quotes a detail, which may hold a row", () => {
    const thrown = serverError("23505", { detail: "Key (email)=(ann@x.org) already exists.", hint: "ann@x.org" })
    expect(classify(thrown, sent("write")).message).not.toContain("ann@x.org")
  })
})
