import { startPostgres, type PostgresServer } from "@kysely-resilient/testing"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  export interface ProvidedContext {
    /** The administrative database of this run's server. */
    postgresUrl: string
    /** As the server says it: "18.4". */
    postgresVersion: string
  }
}

/** Vitest loads this file once per project; the server is one per process, and the last project stops it. */
interface Shared {
  users: number
  starting: Promise<PostgresServer> | undefined
}

declare global {
  var kyselyResilientTestServer: Shared | undefined
}

const shared = (globalThis.kyselyResilientTestServer ??= { users: 0, starting: undefined })

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.users++
  // Durable, because fault tests share it; many connections, because files that run side by side share it.
  shared.starting ??= startPostgres({ maxConnections: 400, log: (line) => console.log(line) })
  const server = await shared.starting
  project.provide("postgresUrl", server.url)
  project.provide("postgresVersion", server.version)
  return async () => {
    shared.users--
    if (shared.users > 0) return
    shared.starting = undefined
    await server.stop()
  }
}
