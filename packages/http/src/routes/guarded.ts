import { refusal } from "../answers/answers.ts"
import type { Door } from "../door/door.ts"
import type { Route } from "./route.ts"

/** For those only who may see everything. */
export function guarded(door: Door, route: Route): Route {
  return {
    methods: route.methods,
    answer: async (request, url) => ((await door.lets(request)) ? route.answer(request, url) : shut(door)),
  }
}

export function shut(door: Door): Response {
  if (!door.hasKey) {
    return refusal(403, "Not shown", "This server has neither a token nor authorize, so nobody may see this.")
  }
  return refusal(401, "Not authorised", "Only those who are authorised may see this.", {
    "www-authenticate": 'Bearer realm="database"',
  })
}
