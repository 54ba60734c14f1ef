import type { DriverChoices, Scenario } from "./scenario.ts"

const DRIVER: DriverChoices = {
  poolMin: 0,
  poolMax: 1,
  idleTimeoutMs: 30_000,
  validateAfterIdleMs: 5,
  acquireTimeoutMs: 5_000,
  connectMs: 1_000,
  queryMs: 3_000,
  cancelMs: 200,
  outageWaitMs: 1_000,
  retry: true,
  resolution: "marker",
  resolveAutocommit: true,
  orphanedTransaction: "rollback",
}

const SERVER: Scenario["server"] = { accounts: 3, synchronous: false, connectionsMax: 100, markers: true }

/** Schedules, made smaller, in which something was wrong with the driver that has been repaired since. */
export const onceWrong: readonly (readonly [what: string, scenario: Scenario])[] = [
  [
    "a caller waited for a slow opening beside an idle connection that nobody had checked",
    {
      seed: 417,
      driver: {
        ...DRIVER,
        poolMin: 2,
        poolMax: 2,
        retry: false,
        orphanedTransaction: "discard",
        acquireTimeoutMs: 1_000,
      },
      server: SERVER,
      lateMs: 0,
      workers: [
        [
          { do: "transaction", steps: [{ do: "append", via: "function" }], end: "return", timeoutMs: 3_000 },
          { do: "raw", end: "leave" },
          { do: "stream", chunk: 4, leaveAfter: 0 },
        ],
      ],
      faults: [
        {
          when: { instant: "opens", nth: 3 },
          strike: { do: "hold", direction: "to-server", ms: 1_500, after: "reset" },
        },
      ],
      healed: true,
    },
  ],
  [
    "sessions that were lost while others were being ended were forgotten",
    {
      seed: 151,
      driver: {
        ...DRIVER,
        poolMin: 2,
        poolMax: 4,
        acquireTimeoutMs: 100,
        idleTimeoutMs: 200,
        cancelMs: 50,
        queryMs: 1_000,
      },
      server: SERVER,
      lateMs: 0,
      workers: [
        [
          { do: "transaction", steps: [{ do: "raise", code: "40P01" }], end: "return", timeoutMs: 20 },
          {
            do: "transaction",
            steps: [{ do: "append", via: "tree" }],
            end: "return",
            strict: true,
            timeoutMs: 3_000,
          },
          { do: "append", via: "function" },
        ],
      ],
      faults: [
        { when: { instant: "arrives", about: "read", nth: 2 }, strike: { do: "slow-network", byMs: 44.7, ms: 1_500 } },
      ],
      healed: true,
    },
  ],
  [
    "a session whose setting up was disturbed could prove none of its commits",
    {
      seed: 1_201,
      driver: { ...DRIVER, connectMs: 100, cancelMs: 1_000, outageWaitMs: 100, queryMs: 1_000 },
      server: SERVER,
      lateMs: 0,
      workers: [
        [
          { do: "transaction", steps: [{ do: "append", via: "tree" }], end: "return", timeoutMs: 1_000 },
          { do: "read", what: "token" },
          {
            do: "transaction",
            steps: [{ do: "transfer", from: 1, to: 0, by: 8 }],
            end: "return",
            strict: true,
            timeoutMs: 3_000,
          },
        ],
      ],
      faults: [
        {
          when: { instant: "arrives", about: "commit", nth: 3 },
          strike: { do: "cut", serverGetsRest: false, clientGetsRest: false, how: "reset" },
        },
        { when: { instant: "opens", nth: 1 }, strike: { do: "complain", code: "57014" } },
      ],
      healed: true,
    },
  ],
  [
    "a caller was told ok of what the standby had not confirmed",
    {
      seed: 1_071,
      driver: {
        ...DRIVER,
        idleTimeoutMs: 200,
        acquireTimeoutMs: 100,
        connectMs: 100,
        cancelMs: 1_000,
        resolution: "xid",
      },
      server: { ...SERVER, synchronous: true, connectionsMax: 3 },
      lateMs: 0,
      workers: [[{ do: "append", via: "returning" }]],
      faults: [
        { when: { step: 16 }, strike: { do: "terminate" } },
        { when: { instant: "flushing", nth: 1 }, strike: { do: "standby-away", ms: 1_500 } },
        {
          when: { instant: "waits", nth: 1 },
          strike: { do: "cut", serverGetsRest: true, clientGetsRest: false, how: "reset" },
        },
      ],
      healed: true,
    },
  ],
  [
    "a session that had outlived the promotion of its server could prove none of its commits",
    {
      seed: 622_175_821,
      driver: {
        ...DRIVER,
        poolMin: 1,
        idleTimeoutMs: 2_000,
        validateAfterIdleMs: 5_000,
        acquireTimeoutMs: 1_000,
        outageWaitMs: 100,
        resolution: "xid",
        orphanedTransaction: "discard",
      },
      server: { ...SERVER, synchronous: true },
      lateMs: 0,
      workers: [
        [
          { do: "transaction", steps: [], end: "return", timeoutMs: 200 },
          { do: "upsert" },
          { do: "append", via: "tree" },
        ],
        [{ do: "transaction", steps: [{ do: "append", via: "function" }], end: "return", timeoutMs: 3_000 }],
      ],
      faults: [
        { when: { instant: "waits", nth: 2 }, strike: { do: "fail-over", downMs: 50, recoveryMs: 1_500 } },
        {
          when: { instant: "waits", nth: 2 },
          strike: { do: "cut", serverGetsRest: true, clientGetsRest: false, how: "reset" },
        },
      ],
      healed: true,
    },
  ],
]
