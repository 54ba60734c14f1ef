import { spawnSync } from "node:child_process"

/** How a connection ended up, as the server sees it. */
export type Ending = "tls" | "plain" | "refused"

export const SSL_IN_USE = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"

/** Is there a libpq to compare with? Its `psql` says what `sslmode` really means. */
export function psqlAnswers(): boolean {
  return spawnSync("psql", ["--version"]).status === 0
}

/** What libpq makes of a connection string, with nothing else set and this home directory. */
export function psqlEnding(connection: string, home: string): Ending {
  const run = spawnSync("psql", ["-X", "-w", "-A", "-t", "-c", SSL_IN_USE, connection], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: home },
  })
  if (run.status !== 0) return "refused"
  return run.stdout.trim() === "t" ? "tls" : "plain"
}
