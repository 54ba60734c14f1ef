/** On everything that is answered here: state of this moment, for nobody's cache and nobody's frame. */
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const

export function answer(
  status: number,
  type: string,
  body: string | ReadableStream,
  more: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { status, headers: { ...HEADERS, "content-type": type, ...more } })
}

export function json(status: number, value: unknown, more: Readonly<Record<string, string>> = {}): Response {
  return answer(status, "application/json", `${JSON.stringify(value)}\n`, more)
}

export function empty(status: number, more: Readonly<Record<string, string>>): Response {
  return new Response(null, { status, headers: { ...HEADERS, ...more } })
}

/** RFC 9457, for what has nothing to do with a database's error. */
export function refusal(
  status: number,
  title: string,
  detail: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  return answer(status, "application/problem+json", `${JSON.stringify({ title, status, detail })}\n`, more)
}
