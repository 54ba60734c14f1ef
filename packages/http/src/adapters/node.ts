import type { IncomingMessage, ServerResponse } from "node:http"

import { refusal } from "../answers/answers.ts"
import type { Handler } from "../handler.ts"
import { createWeb, type WebDatabase, type WebOptions } from "../web.ts"
import { enter } from "./enter.ts"
import { requestOf, send, targetOf } from "./fetch.ts"

export { reply } from "./reply.ts"
export type { WebOptions } from "../web.ts"

/** What `http.createServer` takes; and the handler in it, to drain and to close. */
export interface Listener {
  (incoming: IncomingMessage, outgoing: ServerResponse): void
  readonly handler: Handler
}

/**
 * A listener for `http.createServer`: what operators ask is answered, and everything else is `listen`'s, in a scope. A client that goes away ends its
 * statements on the server.
 */
export function listener(
  db: WebDatabase,
  listen: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
  options: WebOptions = {},
): Listener {
  const web = createWeb(db, options)
  const hear = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const entered = enter(web, incoming, outgoing, incoming.url ?? "/")
    if (entered.answered) return
    if (entered.scope === undefined) listen(incoming, outgoing)
    else entered.scope.run(() => listen(incoming, outgoing))
  }
  return Object.assign(hear, { handler: web.handler })
}

/** The same for an application that is one Fetch handler; `request.signal` is aborted when the client goes away. */
export function fetchListener(
  db: WebDatabase,
  handle: (request: Request) => Response | Promise<Response>,
  options: WebOptions = {},
): Listener {
  return listener(db, (incoming, outgoing) => void answer(handle, incoming, outgoing), options)
}

async function answer(
  handle: (request: Request) => Response | Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort(new DOMException("Its client has gone", "AbortError"))
  })
  const request = requestOf(incoming, targetOf(incoming.url ?? "/"), gone.signal)
  if (request === undefined) return send(refusal(405, "Not allowed", "Not with this method."), outgoing)
  try {
    await send(await handle(request), outgoing)
  } catch (thrown) {
    process.emitWarning(`A ${request.method} request could not be answered: ${String(thrown)}`, {
      type: "KyselyResilientWarning",
    })
    await send(refusal(500, "Something went wrong", "Something went wrong on our side."), outgoing)
  }
}
