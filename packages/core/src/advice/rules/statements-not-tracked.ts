import type { ServerRule } from "../examined.ts"

export const statementsNotTracked: ServerRule = {
  code: "STATEMENTS_NOT_TRACKED",
  when: "`pg_stat_statements` is not loaded, or not installed in this database",
  why: "Nobody can say which statements a busy server is busy with.",
  needs: ["pg_stat_statements"],
  find({ statementsPlace }) {
    if (statementsPlace === undefined || (statementsPlace.loaded && statementsPlace.schema !== null)) return undefined
    const { loaded } = statementsPlace
    return {
      severity: "info",
      message: loaded
        ? "pg_stat_statements is loaded, and not installed in this database"
        : "pg_stat_statements is not loaded",
      action: loaded ? "Install it" : "Add it to shared_preload_libraries, restart, and install it",
      sql: loaded
        ? "create extension pg_stat_statements"
        : "alter system set shared_preload_libraries = 'pg_stat_statements';\n-- after a restart:\ncreate extension pg_stat_statements",
      evidence: { loaded, installed: statementsPlace.schema !== null },
    }
  },
}
