import { dockerAnswers, isolatedDatabase, startContainerPostgres } from "@kysely-resilient/testing"
import { createServer } from "node:http"
import { Client } from "pg"
import { describe, expect, it } from "vitest"

const docker = await dockerAnswers()

describe("a server in a container", () => {
  it("is a server like the others", { timeout: 300_000 }, async (context) => {
    if (!docker.ok) context.skip(`no Docker here: ${docker.because}`)
    await using server = await startContainerPostgres({ settings: { work_mem: "7MB" } })
    await using database = await isolatedDatabase(server)
    const client = new Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query(
      "select current_setting('work_mem') as memory, current_setting('fsync') as fsync",
    )
    await client.end()
    expect(rows).toEqual([{ memory: "7MB", fsync: "on" }])
    expect(server).toMatchObject({ origin: "testcontainers", version: expect.stringMatching(/^18/) })
    expect(server.logs().join("\n")).toContain("ready to accept connections")
  })

  it("is refused with the reason where no Docker answers", async (context) => {
    if (docker.ok) context.skip("Docker answers here")
    await expect(startContainerPostgres()).rejects.toThrow(/^Docker does not answer \(.+\)\.$/)
  })
})

describe("dockerAnswers", () => {
  it("asks where DOCKER_HOST says, and says why not", async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    const address = silent.address()
    const port = typeof address === "object" ? address?.port : undefined
    silent.on("request", (_, response) => response.end("OK"))
    expect(await dockerAnswers({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toEqual({ ok: true })
    silent.close()
    silent.closeAllConnections()
    expect(await dockerAnswers({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toMatchObject({
      ok: false,
      because: expect.stringContaining("ECONNREFUSED"),
    })
    expect(await dockerAnswers({ DOCKER_HOST: "unix:///nowhere/docker.sock" })).toMatchObject({
      ok: false,
      because: expect.stringContaining("ENOENT"),
    })
    expect(await dockerAnswers({ DOCKER_HOST: "nonsense" })).toEqual({ ok: false, because: "no Docker socket found" })
  })
})
