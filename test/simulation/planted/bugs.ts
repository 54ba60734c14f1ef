import type { Bug } from "../../support/source-copy.ts"

/** Each of them must be caught by the simulation: `node test/simulation/planted/main.ts` plants them one at a time. */
export const bugs: readonly Bug[] = [
  {
    name: "a write is repeated after an unknown effect",
    file: "policy/decide.ts",
    right: `  if (failure.effect === "unknown" && !repeatable) return fail("effect-unknown")\n`,
    wrong: "",
  },
  {
    name: "whatever lost its answer counts as not applied",
    file: "failure/effect.ts",
    right: `  // L4: nobody has told us.\n  return "unknown"`,
    wrong: `  return "not_applied"`,
  },
  {
    name: "a crash's notice counts as the statement's error",
    file: "failure/effect.ts",
    right: `  if (evidence.quickdie) return "unknown"`,
    wrong: `  if (evidence.quickdie) return "not_applied"`,
  },
  {
    name: "an error at the end of a group does not undo what was answered before",
    file: "failure/effect.ts",
    right: `  if (completed && phase !== "commit" && evidence.protocol === "simple") return "applied"`,
    wrong: `  if (completed && phase !== "commit") return "applied"`,
  },
  {
    name: "our own transaction is committed when its lease comes back",
    file: "postgres/repair.ts",
    right: `  if (leftBy === "us") return "rollback"`,
    wrong: `  if (leftBy === "us") return "commit"`,
  },
  {
    name: "after a loss the transaction goes on elsewhere",
    file: "execution/attempt.ts",
    right: `return holder.lost === undefined ? undefined : {`,
    wrong: `return holder.lost !== undefined ? undefined : holder.lost === undefined ? undefined : {`,
  },
  {
    name: "a lost lease is not given back",
    file: "execution/lease.ts",
    right: `    this.#machine.pool.giveBack(connection, "discard", "died", failure)\n`,
    wrong: "",
  },
  {
    name: "COMMIT is sent though a statement has failed",
    file: "execution/leased-transaction.ts",
    right: `    const first = this.record.firstFailure\n    if (first !== undefined) {\n      // The`,
    wrong: `    const first = this.record.firstFailure\n    if (first !== undefined && false) {\n      // The`,
  },
  {
    name: "ROLLBACK TO undoes every failure",
    file: "execution/transaction-record.ts",
    right: `this.#firstFailure = savepoint.failureBefore ?? this.#lastingFailure`,
    wrong: `this.#firstFailure = savepoint.failureBefore`,
  },
  {
    name: "a session goes back as it was left",
    file: "execution/give-back.ts",
    right: `  if (clean && leftovers !== "nothing" &&`,
    wrong: `  if (clean && leftovers === "lasting" &&`,
  },
  {
    name: "a connection is kept though its cancel request may still be under way",
    file: "postgres/connection.ts",
    right: `      if (!over) return this.destroy(`,
    wrong: `      if (!over) return this.#settleCancelled()\n      if (!over) return this.destroy(`,
  },
  {
    name: "the statement that answers while its cancel request is under way frees its connection",
    file: "postgres/connection.ts",
    right: `    if (this.#state.state !== "busy" || this.#cancelling !== undefined || this.#state.exchange.ready === undefined)\n`,
    wrong: `    if (this.#state.state !== "busy" || this.#state.exchange.ready === undefined)\n`,
  },
  {
    name: "what somebody uses is handed out once more",
    file: "pool/pool.ts",
    right: `      this.#stock.takeTop()\n      return success(this.#stock.lease(slot))`,
    wrong: `      return success(this.#stock.lease(slot))`,
  },
  {
    name: "a place that has become free is offered to nobody",
    file: "pool/pool.ts",
    right: `      this.#discard(slot, doom, failure)\n      this.#match(now)`,
    wrong: `      this.#discard(slot, doom, failure)`,
  },
  {
    name: "who has left the line is served all the same",
    file: "pool/waiters.ts",
    right: `    this.#leave(waiter)\n    waiter.answer(failed(failure))`,
    wrong: `    waiter.answer(failed(failure))`,
  },
  {
    name: "an opening that failed is counted for ever",
    file: "pool/openings.ts",
    right: `    this.#end(flight.era)\n    this.#owner.failed(`,
    wrong: `    this.#owner.failed(`,
  },
  {
    name: "a number is believed in another life of the server",
    file: "postgres/server-life.ts",
    right: `    one.resetAt.some((resetAt, index) => resetAt !== "" && resetAt === other.resetAt[index])`,
    wrong: `    one.resetAt.some((resetAt) => resetAt !== "")`,
  },
  {
    name: "a number is believed whichever server answers",
    file: "resolution/ask-xid.ts",
    right: `  if (!sameLife(earlier, life)) {`,
    wrong: `  if (life === undefined) {`,
  },
  {
    name: "a transaction that is still in progress counts as not applied",
    file: "resolution/ask-xid.ts",
    right: `  if (status === "in progress") {\n    return {`,
    wrong: `  if (status === "in progress") {\n    if (backend !== undefined) return { effect: "not_applied" }\n    return {`,
  },
  {
    name: "the fence only looks",
    file: "resolution/ask-marker.ts",
    right: "on conflict (id) do nothing`,",
    wrong: "on conflict (id) do nothing`,\n    `rollback`,",
  },
  {
    name: "a marker that the transaction still holds counts as not applied",
    file: "resolution/ask-marker.ts",
    right: `        effect: "undecided",\n        why: "the transaction is still in progress",\n        ...(backend`,
    wrong: `        effect: "not_applied",\n        ...(backend`,
  },
  {
    name: "the marker is written after COMMIT",
    file: "execution/transaction.ts",
    right: "`${markerInsert(marker)}; commit`",
    wrong: "`commit; ${markerInsert(marker)}`",
  },
  {
    name: "a transaction of which no number is known counts as one that wrote nothing",
    file: "execution/leased-transaction.ts",
    right: `    return this.record.claim ?? { by: "nothing" }`,
    wrong: `    return { by: "nothing" }`,
  },
  {
    name: "a session that was lost while others were being ended is forgotten",
    file: "resolution/reaper.ts",
    right: `.then((asked) => (asked.ok ? undefined : this.#forget()))`,
    wrong: `.then(() => this.#forget())`,
  },
]
