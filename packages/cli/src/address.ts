/** Where to look: at an application's endpoint, or at a database. */
export type Address =
  | { readonly at: "endpoint"; readonly url: URL; readonly token: string | undefined }
  | { readonly at: "database"; readonly url: string | undefined }

const USUAL_PATH = "/api/database-resilience"

/**
 * The address that a command was given, or that the environment names; a text says what is wrong with it.
 *
 * @param word `http://…` (without a path: the usual one) or `postgres://…`
 */
export function addressOf(
  word: string | undefined,
  token: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Address | string {
  const given = word ?? notEmpty(env["RESILIENCE_URL"])
  if (given === undefined || /^postgres(ql)?:\/\//.test(given)) return { at: "database", url: given }
  const where = word === undefined ? "RESILIENCE_URL" : "the address"
  if (!/^https?:\/\//.test(given) || !URL.canParse(given)) {
    return `${where} must begin with http://, https:// or postgres://`
  }
  const url = new URL(given)
  if (url.username !== "" || url.password !== "") {
    return `${where} has a password in it, which is not sent: say the token by --token or RESILIENCE_TOKEN`
  }
  if (url.pathname === "/") url.pathname = USUAL_PATH
  url.pathname = url.pathname.replace(/(?<=.)\/$/, "")
  return { at: "endpoint", url, token: token ?? notEmpty(env["RESILIENCE_TOKEN"]) }
}

/** Below the endpoint: `events` and the like. */
export function below({ url }: { readonly url: URL }, path: string): URL {
  const result = new URL(url)
  result.pathname = `${url.pathname}/${path}`
  return result
}

function notEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text
}
