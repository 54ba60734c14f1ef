import { identifier, listed, type ServerRule } from "../examined.ts"
import { many } from "../memory.ts"

export const limitedView: ServerRule = {
  code: "LIMITED_VIEW",
  when: "the role may not see what other roles' sessions do, and there are some; or a question was refused",
  why: "What it may not see is not judged: long and idle transactions of others, and who blocks whom by name.",
  find({ server, activity, unseen }) {
    const hidden = activity?.hidden ?? 0
    if (hidden === 0 && unseen.length === 0) return undefined
    const whats = unseen.map(({ what }) => what)
    return {
      severity: "info",
      message: [
        ...(hidden > 0
          ? [
              `${many(hidden, "session of another role is", "sessions of other roles are")} hidden from ${server.role.name}`,
            ]
          : []),
        ...(whats.length > 0 ? [`not seen: ${listed(whats)}`] : []),
      ].join("; "),
      action: "To see all, let a role ask that is a member of pg_monitor",
      ...(!server.role.seesAll && { sql: `grant pg_monitor to ${identifier(server.role.name)}` }),
      evidence: { hidden_sessions: hidden, unseen: Object.fromEntries(unseen.map(({ what, why }) => [what, why])) },
    }
  },
}
