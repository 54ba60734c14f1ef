import { withoutLiterals } from "@kysely-resilient/driver"

import { promised } from "../foundation/promised.ts"
import type { Facts, Unseen } from "./examined.ts"
import { activitySection } from "./facts/activity.ts"
import { replicationSection } from "./facts/replication.ts"
import { answerOf, type Section } from "./facts/section.ts"
import { sequenceSection } from "./facts/sequences.ts"
import { serverSection } from "./facts/server.ts"
import { statementSection, statementsPlaceSection, type StatementFacts } from "./facts/statements.ts"
import { storageSection } from "./facts/storage.ts"

/** What was answered, or why nothing was. */
export type Answer = { readonly value: unknown } | { readonly refused: Omit<Unseen, "what"> }

const CHANGED: Omit<Unseen, "what"> = {
  why: "refused",
  message: "The answer was changed on its way, by a pooler or by the schema's policy",
}

/**
 * Seven questions, one after the other. What cannot be answered is written down, and the next one is asked; undefined if not even the first
 * can be.
 */
export async function collectFacts(ask: (sql: string) => Promise<Answer>): Promise<Facts | undefined> {
  const unseen: Unseen[] = []
  const see = async <T>(section: Section<T>): Promise<T | undefined> => {
    const answer = await ask(section.sql)
    const seen = "refused" in answer ? undefined : answerOf(answer.value)
    // Its own text says what it answers with.
    if (seen !== undefined) return promised<T>(seen)
    unseen.push({ what: section.name, ...("refused" in answer ? answer.refused : CHANGED) })
    return undefined
  }
  const server = await see(serverSection)
  if (server === undefined) return undefined
  const activity = await see(activitySection)
  const storage = await see(storageSection)
  const sequences = await see(sequenceSection)
  const replication = await see(replicationSection)
  const statementsPlace = await see(statementsPlaceSection)
  const schema = statementsPlace?.loaded === true ? statementsPlace.schema : null
  const statements = schema === null ? undefined : redacted(await see(statementSection(schema)))
  return {
    server,
    ...(activity && { activity }),
    ...(storage && { storage }),
    ...(sequences && { sequences }),
    ...(replication && { replication }),
    ...(statementsPlace && { statementsPlace }),
    ...(statements && { statements }),
    unseen,
  }
}

/** The extension leaves in what it does not plan, as the password of an ALTER ROLE. */
function redacted(facts: StatementFacts | undefined): StatementFacts | undefined {
  return facts && { statements: facts.statements.map((one) => ({ ...one, query: withoutLiterals(one.query) })) }
}
