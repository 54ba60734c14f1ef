import { isSet, type ServerRule } from "../examined.ts"

export const synchronousStandbyMissing: ServerRule = {
  code: "SYNCHRONOUS_STANDBY_MISSING",
  when: "`synchronous_standby_names` is set, `synchronous_commit` waits for it, and no synchronous standby is connected",
  why: "Every COMMIT waits until one is.",
  needs: ["replication"],
  find(examined) {
    const { server, replication } = examined
    const names = server.settings.synchronous_standby_names ?? ""
    const waits = !isSet(examined, "synchronous_commit", "off") && !isSet(examined, "synchronous_commit", "local")
    if (names === "" || !waits || replication === undefined || server.inRecovery) return undefined
    // Who may not see them cannot tell.
    if (replication.standbys.some(({ state }) => state === null)) return undefined
    if (replication.standbys.some(({ sync }) => sync === "sync" || sync === "quorum")) return undefined
    return {
      severity: "critical",
      message: `Commits wait for a synchronous standby (${names}), and none is connected`,
      action: "Bring a standby of that name back; to let commits go on without one, empty the setting",
      sql: "alter system set synchronous_standby_names = '';\nselect pg_reload_conf()",
      evidence: { synchronous_standby_names: names, standbys: replication.standbys.length },
    }
  },
}
