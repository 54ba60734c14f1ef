import type { Outcome } from "../failure/failure.ts"
import type { ConnectionSettings } from "../postgres/settings.ts"
import type { SqlTags } from "../postgres/sql-comment.ts"
import { show, type Keys, type Section } from "./check.ts"

export interface ResolvedSqlComments {
  readonly application: string | undefined
  readonly tags: (() => SqlTags | undefined) | undefined
}

const KEYS: Keys = {
  known: ["application", "tags"],
  hints: {
    route: "Give it by tags: () => ({ route })",
    traceparent: "Give it by tags: () => ({ traceparent })",
    applicationName: "Write application",
  },
}

export function resolveSqlComments(
  root: Section,
  connection: Outcome<ConnectionSettings>,
): ResolvedSqlComments | undefined {
  const given = root.value("sqlComments")
  if (given === undefined || given === false) return undefined
  const usual = connection.ok ? connection.value.applicationName : undefined
  if (given === true) return { application: usual, tags: undefined }
  if (typeof given !== "object") return root.wrong("sqlComments", `is ${show(given)}`, "Give true, false or an object")
  const section = root.section("sqlComments", KEYS)
  return { application: section.text("application") ?? usual, tags: section.callback("tags", isSource) }
}

function isSource(value: unknown): value is () => SqlTags | undefined {
  return typeof value === "function"
}
