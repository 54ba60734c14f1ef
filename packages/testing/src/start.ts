import { startContainerPostgres } from "./container.ts"
import { startEmbeddedPostgres } from "./embedded/embedded.ts"
import type { SettingValue } from "./embedded/settings.ts"
import { usePostgres } from "./given-server.ts"
import { NoPostgresError, type PostgresServer } from "./server.ts"

/** The variable that names a server for tests. Never DATABASE_URL: that may be the one that matters. */
export const TEST_URL_VARIABLE = "KYSELY_RESILIENT_TEST_URL"

export interface StartPostgresOptions {
  /** For a server that we start; one given by URL keeps its own. */
  readonly settings?: Readonly<Record<string, SettingValue>>
  /** For a server that we start: is a COMMIT on disk when it is acknowledged? Default true. */
  readonly durable?: boolean
  /** For a server that we start. Default 100. */
  readonly maxConnections?: number
  /** Gets one line that says which server it is, and why this one. */
  readonly log?: (line: string) => void
  readonly environment?: NodeJS.ProcessEnv
}

/**
 * A PostgreSQL for tests from the first source that has one: the URL in KYSELY_RESILIENT_TEST_URL (if it is set, no
 * other is tried), the embedded one, a container.
 *
 * @throws {NoPostgresError} with what each source lacked
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const { log = () => {}, environment = process.env } = options
  const url = environment[TEST_URL_VARIABLE]
  if (url !== undefined && url !== "") {
    const server = await usePostgres(url)
    log(`${server.description}: ${TEST_URL_VARIABLE} names it`)
    return server
  }

  const embedded = await unlessThereIsNone(startEmbeddedPostgres(options))
  if (!(embedded instanceof NoPostgresError)) {
    log(`${embedded.description}: ${TEST_URL_VARIABLE} is not set`)
    return embedded
  }
  const container = await unlessThereIsNone(startContainerPostgres(options))
  if (!(container instanceof NoPostgresError)) {
    log(`${container.description}: ${embedded.message}`)
    return container
  }
  throw new NoPostgresError(`${TEST_URL_VARIABLE} is not set. ${embedded.message} ${container.message}`)
}

/** Only "there is none" leads to the next source; a server that should start and does not is a problem to see. */
async function unlessThereIsNone<T>(starting: Promise<T>): Promise<T | NoPostgresError> {
  try {
    return await starting
  } catch (error) {
    if (error instanceof NoPostgresError) return error
    throw error
  }
}
