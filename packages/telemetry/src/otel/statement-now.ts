import { AsyncLocalStorage } from "node:async_hooks"

import { channels, type QueryMessage } from "@kysely-resilient/driver"

const { start } = channels.query
const store = new AsyncLocalStorage<QueryMessage>()
let followers = 0

/** The message of the statement that is worked on here, as long as somebody follows them. */
export function statementNow(): QueryMessage | undefined {
  return followers === 0 ? undefined : store.getStore()
}

/** From now on, until the function that is returned is called, it is known which statement is worked on. */
export function followStatements(): () => void {
  if (followers === 0) start.bindStore(store)
  followers += 1
  return () => {
    followers -= 1
    if (followers === 0) start.unbindStore(store)
  }
}
