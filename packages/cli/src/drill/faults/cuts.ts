import { call, cut, delay, truncate, type Action, type CutHow, type Matcher } from "@kysely-resilient/testing"

import { integer, pick } from "../random.ts"
import { arm } from "./armed.ts"
import type { Fault, FaultContext } from "./fault.ts"
import { MOMENTS, OPENING } from "./instants.ts"

/** The connections that break here need new ones there: some are cut so that there is something to open. */
const CUT_FIRST_MS = 30
const OPENING_MS = 600
/** As long as a network may take to tell the server. */
const HALF_OPEN_MAX_MS = 1_500

/** By an orderly end or by a reset, at once or a little later, as the news of a broken network come. */
function someCut({ random }: Pick<FaultContext, "random">): Action | readonly Action[] {
  const how = pick(random, ["fin", "rst"] satisfies readonly CutHow[])
  return random() < 0.25 ? [delay(integer(random, 10, 800)), cut({ how })] : cut({ how })
}

const atMoments: readonly Fault[] = MOMENTS.map(({ name, title, moment }) => ({
  name: `cut-${name}`,
  title: `cut ${title}`,
  claims: "nothing",
  inject: (context) => arm(context, { when: moment(context.random), do: someCut(context) }),
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
    const rule = proxy.rule({
      when: OPENING(random),
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

/** The client's side ends, and the server does not hear of it for a while: its session stays, with its locks. */
const halfOpen: Fault = {
  name: "half-open",
  title: "server's half stays open",
  claims: "nothing",
  async inject(context) {
    const { admin, random, sleep } = context
    const { moment } = pick(random, MOMENTS)
    const left: number[] = []
    const remember = call(({ backendPid }) => void (backendPid !== undefined && left.push(backendPid)))
    try {
      return await arm(context, { when: moment(random), do: [remember, cut({ side: "client" })] }, () =>
        sleep(integer(random, 50, HALF_OPEN_MAX_MS)),
      )
    } finally {
      await admin.ask("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [left])
    }
  },
}

export const cuts: readonly Fault[] = [...atMoments, truncated, halfOpen, opening]
