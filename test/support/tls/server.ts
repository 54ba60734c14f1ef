import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"

import { startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import { Client } from "pg"

/** Where the certificates of these tests are, for `sslrootcert` and its like. */
export const certificate = (name: string): string => join(import.meta.dirname, "certificates", name)

const NAMES = ["server", "wrong-host", "expired", "revoked"] as const
/** Which certificate the server shows; `none`: it does no TLS at all. */
export type Shown = (typeof NAMES)[number] | "none"

export const PASSWORD = "correct horse"

/** Users by the way that the server lets them in. */
const ACCESS = `
host      all postgres     127.0.0.1/32 scram-sha-256
host      all open         127.0.0.1/32 trust
hostssl   all tls_only     127.0.0.1/32 trust
hostnossl all plain_only   127.0.0.1/32 trust
hostssl   all tls_client   127.0.0.1/32 cert
host      all scram        127.0.0.1/32 scram-sha-256
host      all clear        127.0.0.1/32 password
`

/** A PostgreSQL that does TLS, and changes its certificate when it is told to. */
export class TlsServer implements AsyncDisposable {
  readonly #server: OwnServer
  #shown: Shown = "server"

  static async start(): Promise<TlsServer> {
    const pems = NAMES.flatMap((name) => [`${name}.crt`, `${name}.key`])
    const files = Object.fromEntries([...pems, "ca.crt"].map((name) => [name, readFileSync(certificate(name), "utf8")]))
    const server = await startEmbeddedPostgres({
      durable: false,
      files: { ...files, "pg_hba.conf": ACCESS },
      settings: { ssl: true, ssl_ca_file: "ca.crt" },
    })
    const started = new TlsServer(server)
    await started.#as((client) =>
      client.query(`
        create role open login;
        create role tls_only login;
        create role plain_only login;
        create role tls_client login;
        create role scram login password '${PASSWORD}';
        create role clear login password '${PASSWORD}';
      `),
    )
    return started
  }

  private constructor(server: OwnServer) {
    this.#server = server
  }

  get port(): number {
    return this.#server.port
  }

  /** From now on new connections see this certificate. */
  async show(shown: Shown): Promise<void> {
    if (shown === this.#shown) return
    const name = shown === "none" ? "server" : shown
    await this.#as(async (client) => {
      await client.query(`alter system set ssl = ${shown === "none" ? "off" : "on"}`)
      await client.query(`alter system set ssl_cert_file = '${name}.crt'`)
      await client.query(`alter system set ssl_key_file = '${name}.key'`)
      await client.query("select pg_reload_conf()")
    })
    const wanted = `${shown === "none" ? "off" : "on"} ${name}.crt`
    const now = "select current_setting('ssl') || ' ' || current_setting('ssl_cert_file') as now"
    for (let tries = 1; tries <= 200; tries += 1) {
      const { rows } = await this.#as((client) => client.query<{ now: string }>(now))
      if (rows[0]?.now === wanted) {
        this.#shown = shown
        return
      }
      await pause(20)
    }
    throw new Error(
      `The server did not change its certificate to ${shown}: ${this.#server.logs().slice(-5).join("\n")}`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop()
  }

  async #as<T>(run: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: this.#server.url, ssl: false })
    await client.connect()
    try {
      return await run(client)
    } finally {
      await client.end()
    }
  }
}
