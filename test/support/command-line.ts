import { main } from "@kysely-resilient/cli"
import { createDatabase, type Database } from "@kysely-resilient/core"
import { createHandler } from "@kysely-resilient/http"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { resolve } from "node:path"

import { onTestFinished } from "vitest"

import { valueOf } from "./results.ts"

const BIN = resolve(import.meta.dirname, "../../packages/cli/src/bin.ts")

export const TOKEN = "a-token-that-is-long-enough"

/** Until a process has begun and said something, on a busy machine. */
export const SOON: { readonly timeout: number } = { timeout: 20_000 }

/** An application with an endpoint, which tells strangers the status alone. */
export interface App extends AsyncDisposable {
  readonly db: Database<object>
  readonly origin: string
  /** What the event stream is at the moment: too many read it; there is none; somebody in between holds it back; the way to it is dead. */
  events: "given" | "busy" | "absent" | "held back" | "dead"
  /** As a proxy answers whose application is away. */
  away: boolean
  /** What the last who asked for the stream had heard already. */
  resumedFrom: string | undefined
  /** Ends every connection, as a restart would. */
  hangUp(): void
}

export async function startApp(databaseUrl: string): Promise<App> {
  const db = createDatabase<object>({ connection: databaseUrl, pool: { min: 0, max: 3 } })
  const handle = createHandler(db, { token: TOKEN, expose: "status", askServer: false })
  const server = createServer((incoming, outgoing) => {
    const stream = incoming.url?.endsWith("/events") === true
    if (stream) app.resumedFrom = incoming.headers["last-event-id"]?.toString()
    if (app.away) return void outgoing.writeHead(502).end("<h1>Bad Gateway</h1>")
    if (stream && app.events === "busy") return void outgoing.writeHead(503).end()
    if (stream && app.events === "absent") return void outgoing.writeHead(404).end()
    if (stream && app.events === "held back") return outgoing.writeHead(200).flushHeaders()
    void serve(handle, app, incoming, outgoing)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const app: App = {
    db,
    origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    events: "given",
    away: false,
    resumedFrom: undefined,
    hangUp: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      valueOf(await db.close())
    },
  }
  return app
}

async function serve(
  handle: (request: Request) => Promise<Response>,
  app: App,
  { method = "GET", headers, url = "/" }: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  outgoing.once("close", () => gone.abort())
  const given = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
  const response = await handle(new Request(`${app.origin}${url}`, { method, headers: given, signal: gone.signal }))
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body !== null) for await (const chunk of response.body) if (app.events !== "dead") outgoing.write(chunk)
  outgoing.end()
}

/** The command as a user runs it: a process, with nothing else in its environment. */
export function start(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH } = process.env
  const child = spawn(process.execPath, [BIN, ...words], { env: { PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] })
  // Whatever the test came to.
  onTestFinished(() => void child.kill("SIGKILL"))
  const said = { out: "", err: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text))
  const ended = once(child, "close").then(() => ({ code: child.exitCode, ...said }))
  return { child, said, ended }
}

/** In this process, which is much faster to begin with. */
export async function run(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  screen: { readonly isTTY?: boolean } = {},
) {
  const said = { out: "", err: "" }
  const code = await main(words, {
    stdout: { ...screen, write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env,
  })
  return { code, ...said }
}
