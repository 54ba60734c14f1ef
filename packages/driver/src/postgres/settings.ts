import type { ConnectionOptions as TlsOptions } from "node:tls"

/** libpq's sslmode as a plan: what to try, in order. `prefer` is tls then plain, `allow` plain then tls. */
export interface TlsPlan {
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
  /** A function is asked for every physical connection. */
  readonly password: string | (() => string | Promise<string>) | undefined
  readonly tls: TlsPlan
  readonly applicationName: string | undefined
  /** libpq's `options`: command-line settings for the session. */
  readonly options: string | undefined
  /** SCRAM-SHA-256-PLUS when the server offers it. */
  readonly channelBinding: boolean
  /** TCP keep-alive. */
  readonly keepAlive: boolean
  /** For messages: host, port and database; never the password. */
  readonly label: string
}
