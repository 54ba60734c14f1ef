/** The contract with `pg` beyond its documentation: what `postgres/internals.ts` declares, seen on a real server. */
import {
  createPgClient,
  createPgResult,
  createPgWire,
  createTypeOverrides,
  prepareValue,
  type PgClient,
} from "@kysely-resilient/driver/src/postgres/internals.ts"
import { afterEach, beforeEach, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
let client: PgClient

beforeEach(async () => {
  const url = new URL(database.url)
  client = createPgClient({
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: database.name,
    ssl: false,
    enableChannelBinding: false,
    keepAlive: true,
    keepAliveInitialDelayMillis: 0,
  })
  client.on("error", () => {})
  await new Promise<void>((resolve, reject) => client.connect((error) => (error ? reject(error) : resolve())))
})

afterEach(() => {
  client.connection.end()
})

/** Runs a text by the simple protocol, and writes down which handlers were called, in which order. */
function run(sql: string): Promise<string[]> {
  const calls: string[] = []
  return new Promise((resolve) => {
    client.connection.once("readyForQuery", (message: { readonly status: string }) =>
      resolve([...calls, `ready ${message.status}`]),
    )
    client.query({
      submit: (wire) => {
        const body = Buffer.from(`${sql}\0`)
        const length = Buffer.alloc(4)
        length.writeInt32BE(body.length + 4)
        wire.stream.write(Buffer.concat([Buffer.from("Q"), length, body]))
        return null
      },
      handleRowDescription: ({ fields }) =>
        void calls.push(`columns ${fields.map((field) => `${field.name}:${field.dataTypeID}`).join()}`),
      handleDataRow: ({ fields }) => void calls.push(`row ${JSON.stringify(fields)}`),
      handlePortalSuspended: () => void calls.push("suspended"),
      handleEmptyQuery: () => void calls.push("empty"),
      handleCommandComplete: ({ text }) => void calls.push(`done ${text}`),
      handleCopyInResponse: (wire) => {
        calls.push("copy in")
        wire.sendCopyFail("no data")
      },
      handleCopyData: () => void calls.push("copy data"),
      handleReadyForQuery: () => void calls.push("ready"),
      handleError: (error) => void calls.push(`error ${String(Object(error).code)}`),
    })
  })
}

it("a statement's messages come to its handlers, and a readyForQuery listener of ours after pg's own", async () => {
  expect(await run("select 1 as one, null::text as none; begin")).toEqual([
    "columns one:23,none:25",
    'row ["1",null]',
    "done SELECT 1",
    "done BEGIN",
    "ready",
    "ready T",
  ])
  expect(await run(""), "pg is ready for the next one by then").toEqual(["empty", "ready", "ready T"])
})

it("an error comes to the handler and as an event, and pg forgets the statement with it", async () => {
  const heard: unknown[] = []
  client.connection.on("errorMessage", (error) => heard.push(error))
  expect(await run("select 1/0")).toEqual(["error 22012", "ready I"])
  expect(heard).toMatchObject([{ severity: "ERROR", code: "22012", routine: "int4div" }])
})

it("a notice is an event of the client's", async () => {
  const heard: unknown[] = []
  client.on("notice", (notice) => heard.push(notice))
  await run("commit")
  expect(heard).toMatchObject([{ severity: "WARNING", code: "25P01" }])
})

it("COPY FROM STDIN can be refused", async () => {
  await run("create temp table notes (note text)")
  expect(await run("copy notes from stdin")).toEqual(["copy in", "error 57014", "ready I"])
})

it("tells the cancellation key, the type parsers and the socket", () => {
  expect(client.processID).toBeGreaterThan(0)
  expect(client.secretKey).toEqual(expect.any(Number))
  expect(client.getTypeParser(23, "text")("7")).toBe(7)
  expect(client.connection.stream).toMatchObject({ writable: true, readyState: "open" })
  expect(client.connection.stream.bytesRead).toBeGreaterThan(0)
})

it("a bare wire cancels what another is running, and ends", async () => {
  const url = new URL(database.url)
  const running = run("select pg_sleep(60)")
  while (
    (await database.ask("select 1 from pg_stat_activity where pid = $1 and state = 'active'", [client.processID]))
      .length === 0
  );
  const wire = createPgWire(false)
  const ended = new Promise((resolve) => wire.once("end", resolve))
  wire.on("connect", () => wire.cancel(client.processID ?? 0, client.secretKey ?? 0))
  wire.connect(Number(url.port), url.hostname)
  await ended
  expect(await running).toEqual(["columns pg_sleep:2278", "error 57014", "ready I"])
})

it.each([
  [null, null],
  [undefined, null],
  ["a", "a"],
  [7, "7"],
  [true, "true"],
  [[1, "a", null], '{"1","a",NULL}'],
  [{ a: 1 }, '{"a":1}'],
])("writes the parameter %o as %o", (value, written) => {
  expect(prepareValue(value)).toEqual(written)
})

it("keeps the texts of prepared statements by their names, and starts with none", () => {
  expect(client.connection.parsedStatements).toEqual({})
})

it("makes results of the server's own messages", () => {
  const types = createTypeOverrides(undefined)
  types.setTypeParser(23, (text: string) => `int ${text}`)
  const result = createPgResult("array", types)
  result.addFields([{ name: "n", dataTypeID: 23 }])
  expect(result.parseRow(["7"])).toEqual(["int 7"])
  expect(createPgResult(undefined, createTypeOverrides(types))).toMatchObject({
    command: null,
    rowCount: null,
    rows: [],
  })
  result.addCommandComplete({ text: "INSERT 0 5" })
  expect(result).toMatchObject({ command: "INSERT", rowCount: 5, oid: 0 })
})
