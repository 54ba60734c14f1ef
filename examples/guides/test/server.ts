import { startPostgres } from "@kysely-resilient/testing"

/** One server for all test files; `isolated` finds it by the variable. */
export default async function setup(): Promise<() => Promise<void>> {
  const server = await startPostgres({ durable: false })
  process.env["KYSELY_RESILIENT_TEST_URL"] = server.url
  return () => server.stop()
}
