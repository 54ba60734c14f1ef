import { expect, it } from "vitest"

import { openStore } from "../../../examples/demo/app/store.ts"
import { mustBeFree, PortTakenError, serve } from "../../../examples/demo/serve.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)

it("does one kind of chaos at a time, and says so", async () => {
  await using store = openStore(database.url, "serve test")
  const over = Promise.withResolvers<void>()
  const chaos = [
    { name: "crash", title: "Crash", run: () => over.promise },
    { name: "leak", title: "Leak", run: () => Promise.resolve() },
  ]
  await using served = await serve({ store, chaos }, 0)
  const press = async (name: string) => {
    const headers = { origin: new URL(served.url).origin }
    const response = await fetch(new URL(`/api/database-resilience/actions/${name}`, served.url), {
      method: "POST",
      headers,
    })
    return [response.status, response.ok ? await response.json() : undefined]
  }
  expect(await press("crash")).toEqual([202, { action: "crash", said: "begun; see what happens" }])
  expect(await press("leak")).toEqual([202, { action: "leak", said: "not now, “Crash” is still on" }])
  over.resolve()
  await expect.poll(() => press("leak")).toEqual([202, { action: "leak", said: "begun; see what happens" }])
  expect((await press("flood"))[0]).toBe(404)
})

it("says which port is taken instead of taking another", async () => {
  await using store = openStore(database.url, "serve test")
  const served = await serve({ store, chaos: [] }, 0)
  const port = Number(new URL(served.url).port)
  await expect(serve({ store, chaos: [] }, port)).rejects.toThrow(/Cannot serve on 127\.0\.0\.1:\d+: .*EADDRINUSE/)
  await expect(mustBeFree(port)).rejects.toThrow(PortTakenError)
  await served[Symbol.asyncDispose]()
  await expect(mustBeFree(port)).resolves.toBeUndefined()
})
