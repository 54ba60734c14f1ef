import { isIP } from "node:net"

import type { GivenSettings } from "./given.ts"

/** A name, an address, or the directory of a Unix socket. Not quoted in messages: it may be a misplaced URL. */
export function readHost(given: GivenSettings): string | undefined {
  const host = given.value("host")
  if (host === undefined) return undefined
  if (host.includes("://"))
    return given.wrong("host", "is a URL", "Give only the host here, or the URL as connectionString")
  if (host.includes(","))
    return given.wrong("host", "names several hosts, which this driver cannot use yet", "Give one host")
  if (host.startsWith("/")) return host
  if (/[\s@/=?#[\]]/.test(host)) {
    return given.wrong(
      "host",
      "holds a character that no host name has",
      "Give a name, an IP address or the directory of a Unix socket",
    )
  }
  return host
}

/** What to dial instead of looking the host's name up. */
export function readAddress(given: GivenSettings): string | undefined {
  const address = given.value("hostaddr")
  if (address === undefined || isIP(address) !== 0) return address
  return given.wrong("hostaddr", "is no IP address", "Give one address, or only host")
}
