import { literal, type ServerRule } from "../examined.ts"

export const statementsNotTracked: ServerRule = {
  code: "STATEMENTS_NOT_TRACKED",
  when: "`pg_stat_statements` is not loaded, or not installed in this database",
  why: "Nobody can say which statements a busy server is busy with.",
  needs: ["pg_stat_statements"],
  find({ statementsPlace, server }) {
    if (statementsPlace === undefined || (statementsPlace.loaded && statementsPlace.schema !== null)) return undefined
    const { loaded } = statementsPlace
    const installed = statementsPlace.schema !== null
    return {
      severity: "info",
      message: loaded
        ? "pg_stat_statements is loaded, and not installed in this database"
        : "pg_stat_statements is not loaded",
      action: loaded
        ? "Install it"
        : `Add it to shared_preload_libraries${installed ? " and restart" : ", restart, and install it"}`,
      sql: [
        ...(loaded ? [] : [preload(server.settings.shared_preload_libraries)]),
        ...(installed ? [] : [`${loaded ? "" : "-- after a restart:\n"}create extension pg_stat_statements`]),
      ].join(";\n"),
      evidence: { loaded, installed },
    }
  },
}

/** Beside what is loaded already. Each in quotes of its own: all in one are the name of one library. */
function preload(loaded: string | undefined): string {
  const libraries = (loaded ?? "").split(",").flatMap((name) => name.trim().replaceAll('"', "") || [])
  const all = [...libraries, "pg_stat_statements"].map(literal).join(", ")
  const hidden = loaded === undefined ? "-- and whatever `show shared_preload_libraries` says:\n" : ""
  return `${hidden}alter system set shared_preload_libraries = ${all}`
}
