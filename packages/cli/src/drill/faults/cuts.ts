import {
  cut,
  delay,
  onConnect,
  onStartup,
  truncate,
  type Action,
  type CutHow,
  type Matcher,
} from "@kysely-resilient/testing"

import { integer, pick } from "../random.ts"
import { arm } from "./armed.ts"
import type { Fault, FaultContext } from "./fault.ts"
import { INSTANTS } from "./instants.ts"

/** The connections that break here need new ones there: some are cut so that there is something to open. */
const CUT_FIRST_MS = 30
const OPENING_MS = 600

/** By an orderly end or by a reset, at once or a little later, as the news of a broken network come. */
function someCut({ random }: Pick<FaultContext, "random">): Action | readonly Action[] {
  const how = pick(random, ["fin", "rst"] satisfies readonly CutHow[])
  return random() < 0.25 ? [delay(integer(random, 10, 800)), cut({ how })] : cut({ how })
}

const atInstants: readonly Fault[] = Object.entries(INSTANTS).map(([name, { title, instant }]) => ({
  name: `cut-${name}`,
  title: `cut ${title}`,
  claims: "nothing",
  inject: (context) => arm(context, { when: instant(context.random), do: someCut(context) }),
}))

/** A message arrives in part, and then nothing any more. */
const truncated: Fault = {
  name: "truncate",
  title: "message truncated",
  claims: "nothing",
  inject(context) {
    const { random } = context
    const when: Matcher =
      random() < 0.3
        ? { from: "client", message: pick(random, ["Query", "Parse", "Bind", "Execute", "Sync"] as const) }
        : {
            from: "server",
            message: pick(random, [
              "DataRow",
              "CommandComplete",
              "ReadyForQuery",
              "RowDescription",
              "BindComplete",
            ] as const),
          }
    return arm(context, { when, do: truncate(integer(random, 1, 5), pick(random, ["fin", "rst"] as const)) })
  },
}

/** New connections break while they are being made. */
const opening: Fault = {
  name: "cut-opening",
  title: "cut while connecting",
  claims: "network",
  async inject({ proxy, random, sleep }) {
    const when = pick<Matcher>(random, [
      onConnect,
      onStartup,
      { from: "client", message: "Password" },
      { from: "server", message: "Authentication" },
      { from: "server", message: "BackendKeyData" },
      { from: "server", message: "ReadyForQuery", sql: /^$/ },
    ])
    const rule = proxy.rule({
      when,
      do: cut({ how: pick(random, ["fin", "rst"] as const) }),
      times: integer(random, 1, 3),
    })
    try {
      proxy.cutAll({ how: pick(random, ["fin", "rst"] as const) })
      await sleep(CUT_FIRST_MS + integer(random, 0, OPENING_MS))
    } finally {
      rule.remove()
    }
    return "hurt"
  },
}

export const cuts: readonly Fault[] = [...atInstants, truncated, opening]
