import type { ConnectionOptions as TlsOptions } from "node:tls"

import type { Outcome } from "../failure/failure.ts"

/** libpq's sslmode as a plan: what to try, in order. `prefer` is tls then plain, `allow` plain then tls. */
export interface TlsPlan {
  /**
   * The second is for when the first was refused, as in libpq: the server said no to TLS, the handshake failed, or the
   * server answered the log-in with an error. Not for when the server could not be reached.
   */
  readonly attempts: readonly ("plain" | "tls")[]
  readonly tls?: TlsOptions
}

/** Where to connect and as whom; complete, so that `pg` adds nothing from the environment. */
export interface ConnectionSettings {
  /** A name, an address, or the directory of a Unix socket (begins with `/`). */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** Asked for every physical connection whose server wants a password. Never rejects: says why there is none. */
  readonly password: () => Promise<Outcome<string>>
  /** It may answer otherwise the next time: if a server refuses what it gave, it is asked once more. */
  readonly passwordMayChange: boolean
  readonly tls: TlsPlan
  readonly applicationName: string | undefined
  /** libpq's `options`: command-line settings for the session. */
  readonly options: string | undefined
  /** SCRAM-SHA-256-PLUS over TLS: not at all, if the server offers it, or nothing else. */
  readonly channelBinding: "disable" | "prefer" | "require"
  /** TCP keep-alive. */
  readonly keepAlive: boolean
  /** Probes begin after this much silence; 0 for the system's setting. */
  readonly keepAliveDelayMs: number
  /** For messages: host, port and database; never the password. */
  readonly label: string
}
