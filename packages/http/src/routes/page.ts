import { randomBytes } from "node:crypto"

import { answer, empty } from "../answers/answers.ts"
import type { Door } from "../door/door.ts"
import { fromOwnPage } from "../door/origin.ts"
import { NONCE } from "../page/nonce.ts"
import { page } from "../page/page.gen.ts"
import { bodyText } from "./body.ts"
import { shut } from "./guarded.ts"
import type { Route } from "./route.ts"

/** More than any token, and nothing to hold. */
const FORM_BYTES_MAX = 8_192

/** The live page; a browser that may not see it is asked for the token, and gets a cookie for it. */
export function pageRoute(door: Door): Route {
  return {
    methods: door.takesToken ? ["GET", "POST"] : ["GET"],
    async answer(request, url) {
      if (request.method === "POST") return enter(door, request, url)
      // Its URLs are relative, and a slash more would lead them astray.
      if (url.pathname.endsWith("/")) return empty(308, { location: "../ui" })
      if (await door.lets(request)) return html(200, page)
      return door.takesToken ? html(401, asking("")) : shut(door)
    },
  }
}

async function enter(door: Door, request: Request, url: URL): Promise<Response> {
  if (!fromOwnPage(request)) return html(403, asking("That came from another site."))
  const form = new URLSearchParams((await bodyText(request, FORM_BYTES_MAX)) ?? "")
  const secure = url.protocol === "https:" || request.headers.get("x-forwarded-proto") === "https"
  const cookie = door.passFor(form.get("token") ?? "", secure)
  if (cookie === undefined) return html(401, asking("That is not the token."))
  return empty(303, { location: "ui", "set-cookie": cookie })
}

function html(status: number, body: string): Response {
  const nonce = randomBytes(16).toString("base64")
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
  return answer(status, "text/html; charset=utf-8", body.replaceAll(NONCE, nonce), {
    "content-security-policy": policy,
    "x-frame-options": "DENY",
    // With "no-referrer" a browser says "Origin: null" of the form, as it would of another site's.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
  })
}

function asking(said: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Database: token</title>
<style nonce="${NONCE}">:root { color-scheme: light dark } body { font: 15px/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 20rem }
input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin-top: .5rem }</style>
<form method="post" action="ui">
<label>Token for the database page <input type="password" name="token" required autofocus autocomplete="current-password"></label>
<button>Show it</button>
<p role="alert">${said}</p>
</form>
</html>
`
}
