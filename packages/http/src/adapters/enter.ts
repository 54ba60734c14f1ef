import type { EventEmitter } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"

import { refusal } from "../answers/answers.ts"
import type { RequestScope } from "../scope/request-scope.ts"
import type { Web } from "../web.ts"
import { pathOf, requestOf, send, targetOf } from "./fetch.ts"

/** What became of a request: answered here; or to be answered by the application, in this scope or in none. */
export type Entered =
  | { readonly answered: true }
  | { readonly answered: false; readonly scope: RequestScope | undefined }

const ANSWERED: Entered = { answered: true }
const UNSCOPED: Entered = { answered: false, scope: undefined }

/**
 * For everything that stands on `node:http`.
 *
 * @param url as it is seen from where this was mounted
 * @param route the pattern that it matches, once the framework knows that
 */
export function enter(
  { handler, requests }: Web,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  url: string,
  route?: () => string | undefined,
): Entered {
  const target = targetOf(url)
  const path = pathOf(target)
  if (handler.matches(path)) {
    const gone = new AbortController()
    outgoing.once("close", () => gone.abort())
    const request = requestOf(incoming, target, gone.signal)
    void (request === undefined
      ? send(refusal(405, "Not allowed", "Not with this method."), outgoing)
      : answer(handler, request, outgoing))
    return ANSWERED
  }
  if (requests === undefined) return UNSCOPED
  const refused = requests.refusalOf(path)
  if (refused !== undefined) {
    void send(refused, outgoing)
    return ANSWERED
  }
  const header = (name: string): string | undefined => {
    const value = incoming.headers[name]
    return Array.isArray(value) ? value[0] : value
  }
  const scope = requests.begin({ method: incoming.method ?? "GET", path, header, route })
  endWith(outgoing, scope)
  bind(incoming, scope)
  bind(outgoing, scope)
  return { answered: false, scope }
}

/** What listens to a body's end, or to `drain`, is called from the socket's own context, and is the request's work all the same. */
function bind(emitter: EventEmitter, scope: RequestScope): void {
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (event: string | symbol, ...values: unknown[]): boolean => scope.run(() => emit(event, ...values))
}

/** Makes a scope end with the response, however that ends. */
export function endWith(
  outgoing: Pick<ServerResponse, "once" | "writableFinished" | "closed">,
  scope: RequestScope,
): void {
  if (outgoing.closed) return scope.gone()
  outgoing.once("close", () => {
    if (outgoing.writableFinished) scope.sent()
    else scope.gone()
  })
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  request: Request,
  outgoing: ServerResponse,
): Promise<void> {
  await send(await handler(request), outgoing)
}
