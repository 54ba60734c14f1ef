import { readFileSync } from "node:fs"
import { createServer } from "node:net"

/** Where we look first: below the ports that systems hand to outgoing connections, above the well-known ones. */
const LOWEST = 20_000
const HIGHEST = 32_000
const TRIES_MAX = 50

/**
 * A port on 127.0.0.1 that nobody listens on. Not one that the system would give an outgoing connection: a server
 * that restarts on its port must not find some other process's connection sitting there. Somebody may still take
 * it before the server does, so whoever starts the server tries again with another.
 */
export async function freePort(random: () => number = Math.random): Promise<number> {
  const ceiling = Math.min(HIGHEST, firstOutgoingPort())
  if (ceiling - LOWEST > 1_000) {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const port = LOWEST + Math.floor(random() * (ceiling - LOWEST))
      if ((await listenOn(port)) !== undefined) return port
    }
  }
  const port = await listenOn(0)
  if (port === undefined) throw new Error("no free port on 127.0.0.1")
  return port
}

function firstOutgoingPort(): number {
  try {
    return Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10)
  } catch {
    return HIGHEST
  }
}

function listenOn(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(undefined))
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined))
    })
  })
}
