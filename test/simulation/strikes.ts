import type { Agenda } from "./agenda.ts"
import type { Chance } from "./chance.ts"
import type { Session } from "./model/host.ts"
import type { Server } from "./model/server.ts"
import { Complaint, complaints } from "./model/words.ts"
import type { Link } from "./network/link.ts"
import type { Network } from "./network/network.ts"
import type { ComplaintCode, Strike } from "./scenario.ts"

export interface Battlefield {
  readonly agenda: Agenda
  readonly chance: Chance
  readonly network: Network
  readonly server: Server
  oversleep(ms: number): void
}

/** Does it, to the session that has come to the moment, or to one of those that are there. */
export function strike(field: Battlefield, blow: Strike, session: Session | undefined): void {
  const { agenda, network, server } = field
  const sessions = [...server.sessions.values()]
  const target = session ?? field.chance.any(sessions)
  const links: readonly (Link | undefined)[] = "all" in blow && blow.all ? network.links : [target?.link]
  const later = (ms: number, run: () => void): void => void agenda.soon(ms, "server", run)
  switch (blow.do) {
    case "cut":
      for (const link of links) link?.cut(blow)
      break
    case "hold": {
      const end = (link: Link | undefined): void => {
        if (blow.after === "reset") link?.cut({ serverGetsRest: false, clientGetsRest: false, how: "reset" })
        link?.release()
      }
      if (blow.all === true) {
        network.holdAll()
        later(blow.ms, () => {
          for (const link of links) end(link)
          network.releaseAll()
        })
      } else {
        target?.link.hold(blow.direction)
        later(blow.ms, () => end(target?.link))
      }
      break
    }
    case "truncate":
      target?.link.truncateNext(blow.share)
      break
    case "terminate":
      if (blow.all === true) for (const one of sessions) one.terminate()
      else target?.terminate()
      break
    case "crash":
      server.crash(blow)
      break
    case "fail-over":
      server.failOver(blow)
      break
    case "refuse":
      if (server.state !== "up") break
      server.state = blow.how === "nobody" ? "down" : "starting"
      later(blow.ms, () => {
        server.state = "up"
      })
      break
    case "crowd":
      server.connectionsMax = blow.max
      later(blow.ms, () => {
        server.connectionsMax = server.settings.connectionsMax
      })
      break
    case "complain":
      target?.ambushes.push({ complaint: complaintOf(blow.code) })
      break
    case "slow-statement":
      target?.ambushes.push({ ms: blow.ms })
      break
    case "slow-network":
      network.slowMs = blow.byMs
      later(blow.ms, () => {
        network.slowMs = 0
      })
      break
    case "standby-away":
      server.setStandbyAway(true)
      later(blow.ms, () => server.setStandbyAway(false))
      break
    case "oversleep":
      field.oversleep(blow.ms)
      break
  }
}

/** All is well again, from one moment to the next. */
export function heal({ network, server }: Battlefield): void {
  server.state = "up"
  server.inRecovery = false
  server.connectionsMax = server.settings.connectionsMax
  server.setStandbyAway(false)
  network.slowMs = 0
  for (const { ambushes } of server.sessions.values()) ambushes.length = 0
  network.releaseAll()
}

function complaintOf(code: ComplaintCode): Complaint {
  switch (code) {
    case "40001":
      return complaints.serialization()
    case "40P01":
      return complaints.deadlock()
    case "55P03":
      return complaints.lockTimeout()
    case "57014":
      return complaints.cancelled()
    case "53100":
      return new Complaint("ERROR", "53100", "could not extend file: No space left on device", "mdextend")
    case "XX000":
      return new Complaint("ERROR", "XX000", "cache lookup failed for relation", "relation_open")
  }
}
