import { failed, success, type Failure, type Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import type { Resources } from "@kysely-resilient/driver/src/pool/resources.ts"
import type { DiscardReason } from "@kysely-resilient/driver/src/telemetry/events.ts"

/** Something a pool may hold; what has happened to it so far. */
export interface Thing {
  readonly id: number
  resting: boolean
  reusable: boolean
  /** Why it was closed, once for each time: more than one is a bug. */
  readonly closed: DiscardReason[]
  /** It dies by itself. */
  die(): void
}

/** An opening that has not ended yet. */
export interface PendingOpening {
  succeed(): Thing
  fail(failure: Failure): void
}

/** A check that has not ended yet. */
export interface PendingCheck {
  readonly thing: Thing
  answer(good: boolean): void
}

/** Resources that do nothing by themselves: the test says how each opening and each check ends, in any order. */
export class ScriptedResources implements Resources<Thing> {
  /** How often a thing was used, undefined while it is; by default nobody knows. */
  activity?: (thing: Thing) => number | undefined
  /** Why a thing died; by default nobody knows. */
  deathOf?: (thing: Thing) => Failure | undefined
  readonly things: Thing[] = []
  readonly openings: PendingOpening[] = []
  readonly checks: PendingCheck[] = []
  /** All that were ever begun. */
  openingsBegun = 0

  open(onLost: (thing: Thing) => void): Promise<Outcome<Thing>> {
    this.openingsBegun += 1
    return new Promise((resolve) => {
      const opening: PendingOpening = {
        succeed: () => {
          const thing = this.#create(onLost)
          remove(this.openings, opening)
          resolve(success(thing))
          return thing
        },
        fail: (failure) => {
          remove(this.openings, opening)
          resolve(failed(failure))
        },
      }
      this.openings.push(opening)
    })
  }

  idOf(thing: Thing): number {
    return thing.id
  }

  check(thing: Thing): Promise<boolean> {
    return new Promise((resolve) => {
      const check: PendingCheck = {
        thing,
        answer: (good) => {
          remove(this.checks, check)
          resolve(good)
        },
      }
      this.checks.push(check)
    })
  }

  reusable(thing: Thing): boolean {
    return thing.reusable
  }

  close(thing: Thing, reason: DiscardReason): void {
    thing.closed.push(reason)
  }

  rest(thing: Thing): void {
    thing.resting = true
  }

  wake(thing: Thing): void {
    thing.resting = false
  }

  /** Those that were opened and have not been closed. */
  get held(): Thing[] {
    return this.things.filter((thing) => thing.closed.length === 0)
  }

  #create(onLost: (thing: Thing) => void): Thing {
    const thing: Thing = {
      id: this.things.length + 1,
      resting: false,
      reusable: true,
      closed: [],
      die: () => {
        thing.reusable = false
        onLost(thing)
      },
    }
    this.things.push(thing)
    return thing
  }
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item)
  if (index >= 0) list.splice(index, 1)
}
