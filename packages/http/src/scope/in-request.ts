import { signalOf } from "../signal-of.ts"
import type { Requests } from "./requests.ts"
import type { RequestScope } from "./request-scope.ts"

/** A Fetch handler's work for one request, in a scope that lasts until the body of its response has ended. */
export async function inRequest(
  requests: Requests,
  request: Request,
  handle: () => Response | Promise<Response>,
): Promise<Response> {
  const { pathname } = new URL(request.url)
  const refused = requests.refusalOf(pathname)
  if (refused !== undefined) return refused
  const { method, headers } = request
  const scope = requests.begin({
    method,
    path: pathname,
    header: (name) => headers.get(name),
    signal: signalOf(request),
  })
  try {
    return lasting(await scope.run(async () => handle()), scope, method)
  } catch (thrown) {
    scope.end()
    throw thrown
  }
}

/** The response, whose scope ends with its body. To HEAD none is sent, and frameworks just drop it: its scope would never end. */
export function lasting(response: Response, scope: RequestScope, method: string): Response {
  const { body, status, statusText, headers } = response
  if (body === null || method === "HEAD") {
    void body?.cancel().catch(() => {})
    scope.sent()
    return body === null ? response : new Response(null, { status, statusText, headers })
  }
  const reader = body.getReader()
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        // What makes the body begins in here, when it is asked for.
        const next = await scope.run(() => reader.read())
        if (next.done) {
          controller.close()
          scope.sent()
        } else controller.enqueue(next.value)
      } catch (thrown) {
        scope.end()
        controller.error(thrown)
      }
    },
    async cancel(reason) {
      scope.gone()
      await reader.cancel(reason)
      scope.end()
    },
  })
  return new Response(watched, { status, statusText, headers })
}
