import { once } from "node:events"
import { Agent, createServer, request, type RequestListener } from "node:http"
import { connect, type AddressInfo } from "node:net"
import { setTimeout as pause } from "node:timers/promises"

import { createDatabase, type Database } from "@kysely-resilient/core"
import { fetchListener, type WebOptions } from "@kysely-resilient/http/node"
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
let db: Database<object>

beforeAll(() => {
  db = createDatabase<object>({ connection: database.url })
})
afterAll(async () => void (await db.close()))

const unhandled: unknown[] = []
const hear = (reason: unknown): void => void unhandled.push(reason)

async function served(listen: RequestListener): Promise<{ readonly port: number; readonly origin: string }> {
  const server = createServer(listen)
  await once(server.listen(0, "127.0.0.1"), "listening")
  process.on("unhandledRejection", hear)
  onTestFinished(async () => {
    process.off("unhandledRejection", hear)
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, origin: `http://127.0.0.1:${port}` }
}

afterEach(() => void unhandled.splice(0))

type Handle = (request: Request) => Response | Promise<Response>

const application = (handle: Handle, options: WebOptions = {}) => served(fetchListener(db, handle, options))

describe("a Fetch handler's response", () => {
  const twice = new Response("the same for everybody")
  it.each<[string, (request: Request) => unknown]>([
    ["that is none", () => undefined],
    ["of a network error", () => Response.error()],
    ["with a header that HTTP does not know", () => new Response("x", { headers: { "x-own": "a\u0001b" } })],
    ["that was sent before", () => twice],
    [
      "whose body somebody reads already",
      () => {
        const response = new Response("x")
        response.body?.getReader()
        return response
      },
    ],
  ])("%s is an error of the application's, and does not end the process", async (_, handle) => {
    const { origin } = await application(handle as Handle)
    await fetch(`${origin}/a`).then((response) => response.text())
    const answer = await fetch(`${origin}/b`, { signal: AbortSignal.timeout(2_000) })
    expect([answer.status, answer.headers.get("content-type")]).toEqual([500, "application/problem+json"])
    await pause(0)
    expect(unhandled).toEqual([])
  })

  it("that cannot be cancelled when its client has gone ends nothing else", async () => {
    let begun = (): void => {}
    const asked = new Promise<void>((resolve) => (begun = resolve))
    const { port } = await application(async ({ signal }) => {
      begun()
      await new Promise((resolve) => signal.addEventListener("abort", resolve))
      await pause(10)
      return new Response(new ReadableStream({ cancel: () => Promise.reject(new Error("no")) }))
    })
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    await asked
    socket.destroy()
    await pause(50)
    expect(unhandled).toEqual([])
  })

  it("is not read for HEAD, which a stream without an end would keep from ever being answered", async () => {
    let cancelled = 0
    const { port } = await application(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              await pause(5)
              controller.enqueue(new Uint8Array(10))
            },
            cancel: () => void (cancelled += 1),
          }),
          { headers: { "x-own": "1" } },
        ),
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const head = async (): Promise<unknown> => {
      const asked = request({ port, method: "HEAD", agent, timeout: 2_000 }).end()
      asked.on("timeout", () => asked.destroy(new Error("no answer")))
      const [response] = await once(asked, "response")
      response.resume()
      await once(response, "end")
      return response.headers["x-own"]
    }
    expect([await head(), await head()]).toEqual(["1", "1"])
    expect(cancelled).toBe(2)
  })

  it("whose source fails while its client does not read is cut at once, and holds up nobody's end", async () => {
    let fail = (): void => {}
    const { port } = await application(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              // More than sockets keep.
              controller.enqueue(new Uint8Array(32 * 1024 * 1024))
              fail = () => controller.error(new Error("it reads too slowly"))
            },
          }),
        ),
    )
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    socket.on("error", () => {})
    await once(socket, "readable")
    fail()
    await pause(20)
    const closed = once(socket, "close", { signal: AbortSignal.timeout(2_000) })
    let bytes = 0
    socket.on("data", ({ length }) => (bytes += length))
    await closed
    expect(bytes).toBeLessThan(32 * 1024 * 1024)
  })
})
