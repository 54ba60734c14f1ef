import { TEXT, type Column } from "./backend-messages.ts"
import type { Statement, StatementHost } from "./statement.ts"
import { complaints } from "./words.ts"

/**
 * What the driver itself asks a server, besides the facts that a select list may name: what became of a transaction, and what
 * it does about one that is still in progress. All of it is text, and nothing has a name.
 */
export const driverGrammar: readonly (readonly [RegExp, (match: RegExpExecArray) => Statement])[] = [
  [
    /^insert into kysely_resilient\.commit_marker \(id\) select '([^']+)' where pg_current_xact_id_if_assigned\(\) is not null$/,
    mark,
  ],
  [
    /^insert into kysely_resilient\.commit_marker \(id, state\) values \('([^']+)', 'fenced'\) on conflict \(id\) do nothing$/,
    fence,
  ],
  [
    /^select (.+), case when pg_is_in_recovery\(\) then null else pg_xact_status\('(\d+)'::xid8\) end, b\.pid::text, .+$/,
    statusOfXid,
  ],
  [
    /^select pg_terminate_backend\(pid\)::text from pg_stat_activity where backend_xid = xid\('(\d+)'::xid8\) and wait_event is distinct from 'SyncRep' and extract\(epoch from pg_postmaster_start_time\(\)\)::text = '([^']+)' and \(.+ = '([^']*)' or .+ = '([^']*)'\)$/,
    terminateXid,
  ],
  [
    /^select pg_terminate_backend\(pid\)::text from pg_stat_activity where pid = (\d+) and extract\(epoch from backend_start\)::text = '([^']+)' and wait_event is distinct from 'SyncRep'$/,
    terminateOne,
  ],
  [
    /^select count\(pg_terminate_backend\(pid\)\)::text from pg_stat_activity where \(pid, extract\(epoch from backend_start\)::text\) in \((.+)\) and wait_event is distinct from 'SyncRep'$/,
    terminateMany,
  ],
  [
    /^select max\(pid\)::text, coalesce\(max\(wait_event\), ''\), coalesce\(max\(state\), ''\) from pg_stat_activity where pid = (\d+) and extract\(epoch from backend_start\)::text = '([^']+)'$/,
    showBackend,
  ],
  [
    /^select string_agg\(concat_ws\(' ', pid, extract\(epoch from backend_start\), case when .+ end\), ';'\) from pg_stat_activity where pid in \((.+)\)$/,
    showStates,
  ],
  [/^select pg_logical_emit_message\(true, '', ''\)::text$/, () => emit],
  [/^with gone as \(delete from kysely_resilient\.commit_marker /, () => purge],
]

/** A row of texts without names. */
function texts(count: number): readonly Column[] {
  return Array.from({ length: count }, () => ({ name: "?column?", type: TEXT }))
}

function mark([, id = ""]: RegExpExecArray): Statement {
  return {
    columns: [],
    *run(host) {
      if (!host.markers) throw complaints.noTable("kysely_resilient.commit_marker")
      if (host.transaction.xid === undefined) return { rows: [], tag: "INSERT 0 0" }
      yield* host.lock(`marker ${id}`)
      if (host.storage.markers.has(id)) throw complaints.duplicate("commit_marker_pkey")
      host.write({ to: "markers", id, state: "committed" })
      return { rows: [], tag: "INSERT 0 1" }
    },
  }
}

function fence([, id = ""]: RegExpExecArray): Statement {
  return {
    columns: [],
    *run(host) {
      if (!host.markers) throw complaints.noTable("kysely_resilient.commit_marker")
      if (host.transaction.readOnly) throw complaints.readOnly("INSERT")
      yield* host.lock(`marker ${id}`)
      if (host.storage.markers.has(id)) return { rows: [], tag: "INSERT 0 0" }
      host.write({ to: "markers", id, state: "fenced" })
      return { rows: [], tag: "INSERT 0 1" }
    },
  }
}

function statusOfXid([, list = "", xid = ""]: RegExpExecArray): Statement {
  return {
    columns: texts(11),
    run(host) {
      const inRecovery = host.fact("pg_is_in_recovery()::text") === "true"
      const status = inRecovery ? null : host.storage.statusOf(Number(xid))
      const holder = host.others().find(({ transaction }) => transaction.xid === Number(xid))
      const row = [...host.facts(list), status, ...seen(holder)]
      return { rows: [row], tag: "SELECT 1" }
    },
  }
}

type Other = ReturnType<StatementHost["others"]>[number]

function seen(other: Other | undefined): (string | null)[] {
  if (other === undefined) return [null, "", ""]
  const state = other.busy ? "active" : other.transaction.explicit ? "idle in transaction" : "idle"
  return [String(other.processId), other.awaitsStandby ? "SyncRep" : other.busy ? "" : "ClientRead", state]
}

function terminateXid([, xid = "", startedAt, ...resetAt]: RegExpExecArray): Statement {
  return terminating(({ storage: { life } }, other) => {
    const alive = String(life.startedAt) === startedAt && resetAt.includes(String(life.statisticsResetAt))
    return alive && other.transaction.xid === Number(xid)
  })
}

function terminateOne([, processId = "", startedAt = ""]: RegExpExecArray): Statement {
  return terminating((_, other) => other.processId === Number(processId) && other.startedAt === startedAt)
}

function terminateMany([, list = ""]: RegExpExecArray): Statement {
  const wanted = new Set(
    Array.from(list.matchAll(/\((\d+), '([^']+)'\)/g), ([, id, startedAt]) => `${id} ${startedAt}`),
  )
  return terminating((_, { processId, startedAt }) => wanted.has(`${processId} ${startedAt}`))
}

function terminating(meant: (host: StatementHost, other: Other) => boolean): Statement {
  return {
    columns: texts(1),
    run(host) {
      const hit = host.others().filter((other) => !other.awaitsStandby && meant(host, other))
      for (const other of hit) host.signal(other)
      return { rows: hit.map(() => ["true"]), tag: `SELECT ${hit.length}` }
    },
  }
}

function showBackend([, processId = "", startedAt]: RegExpExecArray): Statement {
  return {
    columns: texts(3),
    run(host) {
      const other = host.others().find((one) => one.processId === Number(processId) && one.startedAt === startedAt)
      return { rows: [seen(other)], tag: "SELECT 1" }
    },
  }
}

/** What sessions are doing that are waited for: "4001 1767225600.1 at-rest 1767225601.2;4002 1767225600.3 at-work" */
function showStates([, list = ""]: RegExpExecArray): Statement {
  const wanted = new Set(list.split(",").map(Number))
  return {
    columns: texts(1),
    run(host) {
      const states = host
        .others()
        .filter(({ processId }) => wanted.has(processId))
        .map(({ processId, startedAt, restingSince }) => {
          const state = restingSince === undefined ? "at-work" : `at-rest ${restingSince}`
          return `${processId} ${startedAt} ${state}`
        })
      return { rows: [[states.length === 0 ? null : states.join(";")]], tag: "SELECT 1" }
    },
  }
}

/** Nothing that anybody reads; but it takes a number, so its COMMIT waits for the standby like every other. */
const emit: Statement = {
  columns: texts(1),
  run(host) {
    host.fact("pg_current_xact_id()::text")
    return { rows: [["0/0"]], tag: "SELECT 1" }
  },
}

const purge: Statement = { columns: texts(1), run: () => ({ rows: [["0"]], tag: "SELECT 1" }) }
