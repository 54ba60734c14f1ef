import { cut, delay, stall, throttle, type Direction, type Matcher } from "@kysely-resilient/testing"

import { integer, pick } from "../random.ts"
import { arm } from "./armed.ts"
import type { Fault } from "./fault.ts"
import { MOMENTS } from "./instants.ts"

const DIRECTIONS = ["toServer", "toClient", "both"] satisfies readonly Direction[]
const STALLED_MAX_MS = 2_500
const REFUSED_MAX_MS = 3_000
/** For one connection among many: long enough to be felt. */
const DELAY_MAX_MS = 400
const SLOW_MS = 700

/** The network swallows everything, in one direction or in both, and no connection ends: nobody is told anything. */
const blackhole: Fault = {
  name: "blackhole",
  title: "network swallows all",
  claims: "network",
  async inject({ proxy, random, sleep }) {
    proxy.stallAll(pick(random, DIRECTIONS))
    try {
      await sleep(integer(random, 150, STALLED_MAX_MS))
    } finally {
      proxy.resumeAll()
    }
    return "hurt"
  },
}

/** The same for one connection or some, at a named moment. */
const stalled: Fault = {
  name: "stall",
  title: "connection swallowed",
  claims: "network",
  inject(context) {
    const { random, sleep } = context
    const { moment } = pick(random, MOMENTS)
    const action = stall(pick(random, DIRECTIONS))
    const ends = random() < 0.4
    return arm(
      context,
      // When it is lifted, the connection is either alive or, as after a firewall's restart, reset.
      { when: moment(random), do: ends ? [action, cut()] : action },
      () => sleep(integer(random, 150, STALLED_MAX_MS)),
    )
  },
}

const delayed: Fault = {
  name: "delay",
  title: "messages delayed",
  claims: "nothing",
  async inject({ proxy, random, sleep }) {
    const when = pick<Matcher>(random, [
      { from: "server", message: "ReadyForQuery" },
      { from: "server", message: "CommandComplete" },
      { from: "client", message: ["Query", "Parse"] },
      { from: "server", message: "ReadyForQuery", status: "T" },
    ])
    const rule = proxy.rule({ when, do: delay(integer(random, 20, DELAY_MAX_MS)), times: integer(random, 5, 40) })
    await sleep(SLOW_MS)
    const { hits } = rule
    rule.remove()
    return hits > 0 ? "struck" : "missed"
  },
}

/** A line that is nearly full. */
const throttled: Fault = {
  name: "throttle",
  title: "connection slow",
  claims: "network",
  inject(context) {
    const { random, sleep } = context
    const { moment } = pick(random, MOMENTS)
    const slow = throttle(integer(random, 200, 4_000), pick(random, DIRECTIONS))
    return arm(context, { when: moment(random), do: slow }, () => sleep(integer(random, 150, 900)))
  },
}

/** Nobody is let in, and whoever is there is thrown out: a restart of something in between, or of a firewall. */
const refused: Fault = {
  name: "refuse",
  title: "connections refused",
  claims: "network",
  async inject({ proxy, random, sleep }) {
    const hard = random() < 0.5
    const how = pick(random, ["fin", "rst"] as const)
    try {
      if (hard) await proxy.stopListening()
      else proxy.refuse(true)
      proxy.cutAll({ how })
      await sleep(integer(random, 200, REFUSED_MAX_MS))
    } finally {
      proxy.refuse(false)
      await proxy.listen()
    }
    return "hurt"
  },
}

export const networkFaults: readonly Fault[] = [blackhole, stalled, delayed, throttled, refused]
