import { isSet, type ServerRule } from "../examined.ts"

export const applicationNameEmpty: ServerRule = {
  code: "APPLICATION_NAME_EMPTY",
  when: "`application_name` is empty",
  why: "In pg_stat_activity and in the server's log nobody can tell whose session it is.",
  find(examined) {
    if (!isSet(examined, "application_name", "") || examined.pooled) return undefined
    return {
      severity: "info",
      message: "Sessions of this application have no name",
      action: "Give connection.applicationName, or ?application_name= in the URL",
      evidence: { application_name: "" },
    }
  },
}
