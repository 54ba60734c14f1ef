import type { ServerRule } from "../examined.ts"

export const tlsUnverified: ServerRule = {
  code: "TLS_UNVERIFIED",
  when: "the server is on another machine, and does not have to prove who it is",
  why: "Nobody on the way can read along, and whoever sits in the middle can.",
  find({ configuration, local }) {
    if (local || configuration.connection?.tls !== "unverified") return undefined
    return {
      severity: "info",
      message: `Nothing proves that ${configuration.connection.host} is the server that is meant`,
      action:
        "Set sslmode=verify-full, with sslrootcert where the server's certificate is not signed by a public authority",
      evidence: { tls: "unverified" },
    }
  },
}
