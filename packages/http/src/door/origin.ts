/**
 * Another site's page must not press our buttons: whether a request comes from a page of our own, as its browser says. `Sec-Fetch-Site` says it
 * whatever name a proxy has asked us by; browsers send it where they trust the connection, and no page can write it. Else the names are compared.
 */
export function fromOwnPage({ headers }: Request): boolean {
  const site = headers.get("sec-fetch-site")
  if (site !== null) return site === "same-origin"
  const origin = headers.get("origin")
  const host = headers.get("host")
  if (origin === null || host === null || !URL.canParse(origin)) return false
  const { protocol } = new URL(origin)
  return (protocol === "http:" || protocol === "https:") && new URL(origin).host === host.toLowerCase()
}

/** Whether it was asked for by a name of this machine's own: a foreign name may have been made to lead here. */
export function byLocalName({ headers }: Request): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i.test(headers.get("host") ?? "")
}
