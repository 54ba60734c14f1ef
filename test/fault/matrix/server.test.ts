/**
 * What a server does to its clients, at the instants that matter: inside of a transaction, before it has COMMIT, and when it has
 * committed and its answer is lost. All of it on demand (`pnpm matrix server`); `test` runs a few, and always the lie.
 */
import { setTimeout as pause } from "node:timers/promises"

import { call, cut, INSTANTS, startEmbeddedPostgres, startFaultProxy } from "@kysely-resilient/testing"
import type { FaultProxy, InstantName, OwnServer } from "@kysely-resilient/testing"
import { Client } from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { makeStandby } from "../../support/standby.ts"
import { STOCK, TARGET } from "./application.ts"
import { LOST, type Best, type Held } from "./best.ts"
import type { Door, Kind, Mode } from "./cells.ts"
import { compareAnswer, compareLedger, resolvedBy } from "./compare.ts"
import { prepare } from "./expect-best.ts"
import { SETUP } from "./ground.ts"
import { untilCalm } from "./ledger.ts"
import { ALL, Chance, SEED } from "./sample.ts"

/** Nobody but a COMMIT writes WAL to the disk: what a crash loses, and the numbers of what it loses, are certain. */
const settings = { wal_writer_delay: "10s", bgwriter_delay: "10s", checkpoint_timeout: "1h", autovacuum: false }

async function connect({ url }: { readonly url: string }): Promise<Client> {
  const client = new Client(url)
  client.on("error", () => {})
  await client.connect()
  return client
}

async function using<T>(server: { readonly url: string }, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(server)
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

async function started(): Promise<OwnServer> {
  const server = await startEmbeddedPostgres({ settings })
  await using(server, async (client) => {
    for (const statement of SETUP) await client.query(statement)
    await client.query("create table others (nth int)")
  })
  return server
}

/** They get the numbers of transactions that are lost. */
async function othersCommit(server: OwnServer): Promise<void> {
  await using(server, async (client) => {
    for (let nth = 0; nth < 5; nth += 1) await client.query("insert into others values ($1)", [nth])
  })
}

const AT = {
  inside: "statement after ready",
  undone: "commit before it reaches the server",
  done: "commit before its answer",
} as const satisfies Record<string, InstantName>
type At = keyof typeof AT

interface Experiment {
  readonly kind: Kind
  readonly door: Door
  readonly mode: Mode
  readonly at: At
  /** What happens to `server`; who serves afterwards. */
  readonly strike: (backendPid: number | undefined) => Promise<OwnServer>
  /** Is the connection lost with it? */
  readonly cuts: boolean
  readonly best: readonly Best[]
  /** What a token may say in the end. */
  readonly token: readonly string[]
}

async function expectBest(server: OwnServer, experiment: Experiment): Promise<void> {
  const { kind, door, mode, at, strike, cuts } = experiment
  const instant = INSTANTS.find(({ name }) => name === AT[at])
  if (instant === undefined) throw new Error(`there is no instant ${AT[at]}`)
  const work = { kind, door, mode, instant }
  let proxy: FaultProxy = await startFaultProxy({ target: server.url })
  const url = proxy.url(server.url)
  let now = server
  const side = await connect(server)
  const application = await prepare({ database: { url: server.url }, proxy, side, holder: side }, work)
  // All that was written before is on the disk, and nothing after it.
  await side.query("checkpoint")
  await side.end()
  try {
    const struck = call(async ({ backendPid }) => {
      if (cuts) proxy.refuse(true)
      now = await strike(backendPid)
    })
    const rule = proxy.rule({ when: instant.matcher(TARGET), do: cuts ? [struck, cut()] : struck })
    const working = application.work(kind)
    await rule.done
    if (now !== server) {
      await proxy.close()
      proxy = await startFaultProxy({ target: now.url, port: Number(new URL(url).port) })
    }
    proxy.refuse(false)
    const told = await working
    const outcome = compareAnswer(work, told, experiment.best)
    const resolved = await resolvedBy(application, told, experiment.token)
    await using(now, async (client) => {
      const here = { database: { url }, proxy, side: client, holder: client }
      await untilCalm(here, application)
      await compareLedger(here, work, resolved, outcome)
    })
    expect(await application.again()).toEqual(STOCK)
  } finally {
    await application.close()
    await proxy.close()
  }
}

const value = (...tries: number[]): readonly Best[] => [{ told: "value", tries }]

function rerun({ kind, door }: Pick<Experiment, "kind" | "door">): readonly Best[] {
  if (door === "core" || kind === "write") return value(2)
  return [{ told: "error", kinds: LOST, effect: ["not_applied"], held: "none" }]
}

function unknown(held: Held): readonly Best[] {
  return [{ told: "error", kinds: LOST, effect: ["unknown"], held }]
}

/** A server that has crashed and recovered: what was committed is there, and a number may mean somebody else. */
function afterCrash(experiment: Pick<Experiment, "kind" | "door" | "mode" | "at">, others: boolean): readonly Best[] {
  const { mode, at } = experiment
  if (at === "inside") return rerun(experiment)
  if (mode === "off") return unknown(at === "done" ? "all" : "none")
  if (mode === "marker") return at === "done" ? value(1) : rerun(experiment)
  // By its number alone: "committed" is believed of nobody, and that it was never handed out of anybody.
  if (at === "done") return unknown("all")
  return others ? unknown("none") : rerun(experiment)
}

const WORKS = [
  { kind: "transaction", door: "core" },
  { kind: "transaction", door: "kysely" },
  { kind: "write", door: "core" },
] as const

const MODES_OF = { transaction: ["off", "xid", "marker"], write: ["xid", "marker"] } as const
const CASES = WORKS.flatMap((work) =>
  MODES_OF[work.kind].flatMap((mode) =>
    (["inside", "undone", "done"] as const)
      .filter((at) => work.kind === "transaction" || at !== "inside")
      .map((at) => ({ ...work, mode, at })),
  ),
)

describe(`a server${ALL ? "" : `, a sample of seed ${SEED}`}`, () => {
  let server: OwnServer

  beforeAll(async () => {
    server = await started()
  })

  afterAll(async () => {
    await server.stop()
  })

  const crashes: Readonly<Record<string, (backendPid: number | undefined) => Promise<void>>> = {
    "whose backend is killed": (backendPid) => server.crashBackend(backendPid),
    "of which another backend is killed": () => server.crashBackend(),
    "that stops at once, and starts again": () => server.restart("immediate"),
    "whose power fails": async () => {
      await server.crash()
      await server.start()
    },
  }
  const crashed =
    (how: string, others: boolean) =>
    async (backendPid: number | undefined): Promise<OwnServer> => {
      await crashes[how]?.(backendPid)
      await server.ready()
      if (others) await othersCommit(server)
      return server
    }

  const all = Object.keys(crashes).flatMap((how) =>
    [false, true].flatMap((others) => CASES.map((work) => ({ ...work, how, others }))),
  )
  const isLie = ({ kind, door, mode, at, others }: (typeof all)[number]): boolean =>
    kind === "transaction" && door === "core" && mode === "xid" && at === "undone" && others
  const some = ALL ? all : [...all.filter(isLie).slice(0, 1), ...new Chance(SEED).some(all, 1)]

  it.each(some)(
    "$how: a $kind through $door, $at, resolution $mode (others commit meanwhile: $others)",
    async ({ how, others, ...work }) => {
      expect.hasAssertions()
      const best = afterCrash(work, others)
      await expectBest(server, { ...work, best, strike: crashed(how, others), cuts: true, token: ["unknown"] })
    },
  )

  it.each(ALL ? CASES : new Chance(SEED).some(CASES, 1))(
    "that is halted for a while: a $kind through $door, $at, resolution $mode",
    async (work) => {
      expect.hasAssertions()
      const strike = async (): Promise<OwnServer> => {
        await server.pause()
        await pause(400)
        await server.resume()
        return server
      }
      await expectBest(server, { ...work, best: value(1), strike, cuts: false, token: [] })
    },
  )
})

describe("a primary that is lost, and its standby that is promoted", () => {
  const standbys = CASES.filter(({ door, at }) => door === "core" && at === "done")

  /** The standby has confirmed the COMMIT before anybody heard of it. */
  it.each(ALL ? standbys : standbys.filter(({ kind, mode }) => kind === "transaction" && mode === "marker"))(
    "synchronous: a $kind, resolution $mode",
    async (work) => {
      expect.hasAssertions()
      await failOver("following", work, afterCrash(work, true))
    },
  )

  /** It has heard of nothing since its base backup: what was committed is lost with the primary, and its numbers are given away. */
  it.each(ALL ? standbys : standbys.filter(({ kind, mode }) => kind === "transaction" && mode === "xid"))(
    "asynchronous, and far behind: a $kind, resolution $mode",
    async (work) => {
      expect.hasAssertions()
      await failOver("cut off", work, afterCrash({ ...work, at: "undone" }, true))
    },
  )

  async function failOver(
    how: "following" | "cut off",
    work: (typeof standbys)[number],
    best: readonly Best[],
  ): Promise<void> {
    const [primary, standby] = await Promise.all([started(), startEmbeddedPostgres({ settings })])
    try {
      await makeStandby(standby, primary, how)
      if (how === "following") {
        await using(primary, async (client) => {
          await client.query("alter system set synchronous_standby_names = '*'")
          await client.query("select pg_reload_conf()")
        })
      }
      const strike = async (): Promise<OwnServer> => {
        await primary.crash()
        await using(standby, (client) => client.query("select pg_promote()"))
        await othersCommit(standby)
        return standby
      }
      await expectBest(primary, { ...work, best, strike, cuts: true, token: ["unknown"] })
    } finally {
      await Promise.all([primary.stop(), standby.stop()])
    }
  }
})
