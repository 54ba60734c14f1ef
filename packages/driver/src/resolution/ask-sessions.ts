import type { BackendIdentity } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { sameServer, type ServerLife } from "../postgres/server-life.ts"
import { askRow } from "./side-connection.ts"
import type { BackendSight } from "./silence.ts"

/** One of ours that is silent. */
export interface Suspect {
  readonly backend: BackendIdentity
  /** Of the server that it was opened to. */
  readonly life: ServerLife
}

/** What the server that `connection` leads to shows of these sessions, in their order; undefined if it does not answer. */
export async function askSessions(
  connection: PgConnection,
  suspects: readonly Suspect[],
): Promise<readonly BackendSight[] | undefined> {
  const asked = await askRow(connection, SESSIONS(suspects.map(({ backend }) => backend.processId)))
  if (!asked.ok) return undefined
  const shown = sessionsIn(asked.fields[0] ?? "")
  return suspects.map((suspect) => sightOf(suspect, connection.facts.life, shown))
}

/** `shown`: sessions by process and start, as `sessionsIn` gives them. */
export function sightOf(
  { backend, life }: Suspect,
  asked: ServerLife | undefined,
  shown: ReadonlyMap<string, BackendSight>,
): BackendSight {
  if (asked === undefined || asked.systemId !== life.systemId) return { backend: "unclear" }
  if (sameServer(life, asked)) return shown.get(`${backend.processId} ${backend.startedAt}`) ?? { backend: "gone" }
  // Another one may stand beside it and answer for it, as one of several standbys does. But of primaries there is one.
  const succeeded = life.timeline !== undefined && asked.timeline !== undefined
  return { backend: succeeded ? "gone" : "unclear" }
}

export function sessionsIn(text: string): ReadonlyMap<string, BackendSight> {
  const sessions = new Map<string, BackendSight>()
  for (const entry of text.split(";")) {
    const [processId = "", startedAt = "", state, since = ""] = entry.split(" ")
    sessions.set(`${processId} ${startedAt}`, sightIn(state, since))
  }
  return sessions
}

function sightIn(state: string | undefined, since: string): BackendSight {
  switch (state) {
    case "at-rest":
      return { backend: "at-rest", since }
    case "unheard":
    case "at-work":
      return { backend: state }
    case undefined:
    default:
      return { backend: "unclear" }
  }
}

/**
 * A session that is active and reads from its client has got a part of a message group, and waits for the rest; one that writes to it
 * has a full buffer in front of it. The state is null if somebody has switched `track_activities` off.
 */
function SESSIONS(processIds: readonly number[]): string {
  return (
    "select string_agg(concat_ws(' ', pid, extract(epoch from backend_start), case " +
    "when state like 'idle%' or wait_event = 'ClientRead' then concat('at-rest ', extract(epoch from state_change)) " +
    "when wait_event = 'ClientWrite' then 'unheard' " +
    "when state in ('active', 'fastpath function call') then 'at-work' else 'unclear' end), ';') " +
    `from pg_stat_activity where pid in (${processIds.join(", ")})`
  )
}
