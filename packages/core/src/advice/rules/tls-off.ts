import type { ServerRule } from "../examined.ts"

export const tlsOff: ServerRule = {
  code: "TLS_OFF",
  when: "the server is on another machine, and the connection is not encrypted, or may be so",
  why: "Whoever is on the way reads everything, and can answer in the server's place.",
  find({ configuration, local, server, pooled }) {
    const { connection } = configuration
    if (local || connection === undefined) return undefined
    if (connection.tls !== "off" && connection.tls !== "optional") return undefined
    return {
      severity: "warning",
      message:
        connection.tls === "off"
          ? `The connection to ${connection.host} is not encrypted`
          : `The connection to ${connection.host} is encrypted only as long as nobody on the way objects`,
      action:
        "Set sslmode=verify-full, with sslrootcert where the server's certificate is not signed by a public authority",
      evidence: {
        tls: connection.tls,
        encrypted: pooled ? null : server.connection.tls,
        server_ssl: server.settings.ssl ?? null,
      },
    }
  },
}
