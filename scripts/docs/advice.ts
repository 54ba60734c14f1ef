import { MEMORY_RULES } from "@kysely-resilient/core/src/advice/memory-rules.ts"
import { SERVER_RULES } from "@kysely-resilient/core/src/advice/server-rules.ts"

/** Neither asks anything of what its rules are about. */
type Described = Pick<(typeof MEMORY_RULES)[number], "code" | "when" | "why">

/** docs/advice.md, from the rules as they are in the code; the example is embedded afterwards. */
export function advicePage(): string {
  return `${[INTRODUCTION, MEMORY, ...MEMORY_RULES.map(section), SERVER, ...SERVER_RULES.map(section)].join("\n\n")}\n`
}

function section({ code, when, why }: Described): string {
  return `### ${code}\n\nWhen ${when}.\n\n${why}`
}

const INTRODUCTION = `# Advice

<!-- Written by \`pnpm docs:sync\` from packages/core/src/advice: do not edit. -->

\`db.advise()\` says what to do about what has gone wrong lately; it is in \`db.report()\` as \`recommendations\`. It asks nobody: what it knows are the counters and the events
of this process. \`examine(db)\` asks the server what may go wrong with it.

<!-- code: examples/advice.ts -->
<!-- /code -->

Each piece of advice is \`{ severity, code, message, action, sql?, docs, evidence, since, passed? }\`, worst first. \`critical\`: callers suffer, or data is at risk. \`warning\`: they will, on a
bad day. \`info\`: it could be better. \`evidence\` has the numbers that it stands on, the unit in the name of each; of statements it shows a label, or the text without literals.
\`sql\` does what \`action\` says, or shows where to look; nothing runs it by itself. \`docs\` leads to the section of this page, in the copy that the package core brings.
\`passed\`: what \`db.advise()\` says is so no longer, for some seconds; it is told a while longer, because it may come back.

What \`examine\` finds in development is milder than in production, which is where a server on another machine is taken to be; \`environment\` says it otherwise. \`readOnly: true\`
is for standbys, \`ignore\` takes codes that are not wanted, \`limits\` moves what is said to be too long. What its role may not see is not judged.`

const MEMORY = `## From memory

As with the status, worse is told at once, and better when it has lasted for \`health.recoverAfterMs\` (10 s). The thresholds that have a name are those of [health](health.md).`

const SERVER = `## From the server

In a read-only transaction, with \`lock_timeout\` half a second: to look something up is not worth waiting for. \`examine\` answers what it has found when its time is up,
or its session ends: \`checked\` has the codes that were judged, \`unchecked\` those that could not be, and \`facts.unseen\` says why.`
