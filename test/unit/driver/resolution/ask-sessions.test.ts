import { sessionsIn, sightOf, type Suspect } from "@kysely-resilient/driver/src/resolution/ask-sessions.ts"
import type { ServerLife } from "@kysely-resilient/driver/src/postgres/server-life.ts"
import { describe, expect, it } from "vitest"

const life: ServerLife = { systemId: "s", timeline: "00000001", startedAt: "100.5", resetAt: ["1", "1"] }
const suspect: Suspect = { backend: { processId: 42, startedAt: "200.25" }, life }

describe("the server's list of sessions", () => {
  it("is read, whatever it says of them", () => {
    const sessions = sessionsIn(
      "1 10.5 at-rest 11.5;2 10.5 at-work;3 10.5 unheard;4 10.5 unclear;5 10.5;6 10.5 new-state",
    )
    expect(Object.fromEntries(sessions)).toEqual({
      "1 10.5": { backend: "at-rest", since: "11.5" },
      "2 10.5": { backend: "at-work" },
      "3 10.5": { backend: "unheard" },
      "4 10.5": { backend: "unclear" },
      "5 10.5": { backend: "unclear" },
      "6 10.5": { backend: "unclear" },
    })
  })
})

describe("what it shows of one", () => {
  it.each([
    ["what it is doing", "42 200.25 at-work", { backend: "at-work" }],
    ["that it is gone, when there is none", "", { backend: "gone" }],
    ["that it is gone, when the process is somebody else's by now", "42 300.5 at-work", { backend: "gone" }],
  ])("is %s", (_, shown, sight) => expect(sightOf(suspect, life, sessionsIn(shown))).toEqual(sight))

  it.each<[string, ServerLife, ServerLife | undefined, string]>([
    ["nothing, when the server does not say who it is", life, undefined, "unclear"],
    ["nothing, when it is another cluster", life, { ...life, systemId: "t" }, "unclear"],
    ["the end of all, when another life of the primary answers", life, { ...life, startedAt: "300.5" }, "gone"],
    [
      "the end of all, when a standby has taken over from the primary",
      life,
      { ...life, timeline: "00000002", startedAt: "50.5" },
      "gone",
    ],
    [
      "nothing, when a standby answers, which may stand beside it",
      life,
      { ...life, timeline: undefined, startedAt: "50.5" },
      "unclear",
    ],
    [
      "nothing, when it was a standby's: there may be several",
      { ...life, timeline: undefined },
      { ...life, startedAt: "50.5" },
      "unclear",
    ],
  ])("is %s", (_, opened, asked, backend) =>
    expect(sightOf({ ...suspect, life: opened }, asked, sessionsIn("42 200.25 at-work"))).toEqual({ backend }),
  )
})
