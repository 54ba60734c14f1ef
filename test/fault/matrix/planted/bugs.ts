import type { Bug } from "../../../support/source-copy.ts"

interface PlantedBug extends Bug {
  /** Which test files, and which of their tests, must catch it: it would be caught by more. */
  readonly where: string
  readonly cells: string
}

/** Each of them must be caught by the matrix: `node test/fault/matrix/planted/main.ts` plants them one at a time. */
export const bugs: readonly PlantedBug[] = [
  {
    name: "a write is repeated after an unknown effect",
    file: "policy/decide.ts",
    right: `  if (failure.effect === "unknown" && !repeatable) return fail("effect-unknown")\n`,
    wrong: "",
    where: "write.test",
    cells: "core, resolution off.*RST when.*statement",
  },
  {
    name: "a stream begins again though rows were delivered",
    file: "policy/decide.ts",
    right: `  if (situation.rowsDelivered === true) return fail("rows-delivered")\n`,
    wrong: "",
    where: "stream",
    cells: "core, resolution xid.*RST when.*statement",
  },
  {
    name: "FATAL says nothing of what was done",
    file: "failure/effect.ts",
    right: `  if (ending === "fatal" && !completed) return "not_applied"\n`,
    wrong: "",
    where: "write.test",
    cells: "core, resolution off.*FATAL when.*statement",
  },
  {
    name: "COMMIT's CommandComplete is not enough",
    file: "failure/effect.ts",
    right: `  if (commitTag === "COMMIT") return "applied"\n`,
    wrong: "",
    where: "commit",
    cells: "core, resolution off.*commit before ready",
  },
  {
    name: "nobody knows what became of a transaction that never got to COMMIT",
    file: "failure/effect.ts",
    right: `  if (phase === "transaction" || phase === "rollback") return "not_applied"\n`,
    wrong: `  if (phase === "transaction" || phase === "rollback") return "unknown"\n`,
    where: "transaction",
    cells: "core, resolution xid.*RST when.*statement",
  },
  {
    name: "a COMMIT that was not applied counts as one that was",
    file: "execution/pipeline.ts",
    right: `    case "not_applied":\n`,
    wrong: `    case "not_applied":\n      if (exchange !== undefined) return { ok: true, exchange }\n`,
    where: "commit",
    cells: "core, resolution xid.*RST when.*commit",
  },
  {
    name: "a fence counts as the mark of a COMMIT",
    file: "resolution/ask-marker.ts",
    right: `if (state === "fenced") return { effect: "not_applied" }`,
    wrong: `if (state === "fenced") return { effect: "applied" }`,
    where: "commit",
    cells: "core, resolution marker.*RST when.*commit",
  },
  {
    name: "every life of a server is the same",
    file: "postgres/server-life.ts",
    right:
      `    one.startedAt === other.startedAt &&\n` +
      `    one.resetAt.some((resetAt, index) => resetAt !== "" && resetAt === other.resetAt[index])`,
    wrong: `    true`,
    where: "server",
    cells: "a transaction through core, undone, resolution xid .others commit meanwhile: true",
  },
  {
    name: "only the start of the postmaster tells one life from another",
    file: "postgres/server-life.ts",
    right: `    one.resetAt.some((resetAt, index) => resetAt !== "" && resetAt === other.resetAt[index])`,
    wrong: `    true`,
    where: "server",
    cells: "killed: a transaction through core, undone, resolution xid .others commit meanwhile: true",
  },
  {
    name: "a lease that has lost its connection goes on elsewhere",
    file: "execution/lease.ts",
    right: `    this.#state = { state: "lost", failure }\n    this.#machine.pool.giveBack(connection, "discard", "died", failure)`,
    wrong: `    this.#state = { state: "fresh" }\n    this.#machine.pool.giveBack(connection, "discard", "died", failure)`,
    where: "transaction",
    cells: "core, resolution off.*RST when.*statement",
  },
  {
    name: "a lost connection is not given back",
    file: "execution/lease.ts",
    right: `    this.#machine.pool.giveBack(connection, "discard", "died", failure)\n`,
    wrong: "",
    where: "transaction",
    cells: "core, resolution off.*RST when.*statement before",
  },
]
