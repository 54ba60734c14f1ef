import type { Problems } from "./check.ts"
import { SETTING_VARIABLES, variable, type Environment } from "./environment.ts"
import type { GivenSettings } from "./given.ts"

/**
 * libpq's `options` for the session. `pg` has no other way to send what libpq sends as start-up parameters of their own:
 * `client_encoding`, and the settings behind PGTZ, PGDATESTYLE and PGGEQO. They come last, because there they win, as
 * they do with libpq. Nothing is sent that nobody asked for: older poolers refuse `options`.
 */
export function sessionOptions(given: GivenSettings, env: Environment, problems: Problems): string | undefined {
  const parts: string[] = []
  const own = given.value("options")
  if (own !== undefined) parts.push(own)
  const encoding = given.value("client_encoding")
  if (encoding !== undefined) {
    if (/^(utf-?8|unicode)$/i.test(encoding)) parts.push("-c client_encoding=UTF8")
    else given.wrong("client_encoding", "is not UTF8, and pg reads nothing else", "Leave it out, or write UTF8")
  }
  for (const [name, setting] of SETTING_VARIABLES) {
    const value = variable(env, name)
    // libpq's word for "do not send it".
    if (value === undefined || value.toLowerCase() === "default") continue
    if (setting === "datestyle" && !/^\s*iso\b/i.test(value)) {
      problems.add(name, "is not ISO, and pg reads dates in no other style", "Unset it, or begin it with ISO")
    }
    parts.push(`-c ${setting}=${value.replaceAll(/[\s\\]/g, String.raw`\$&`)}`)
  }
  return parts.length === 0 ? undefined : parts.join(" ")
}
