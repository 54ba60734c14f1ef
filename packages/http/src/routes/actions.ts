import { json, refusal } from "../answers/answers.ts"
import type { Door } from "../door/door.ts"
import { byLocalName, fromOwnPage } from "../door/origin.ts"
import type { Action } from "../options.ts"
import type { Route } from "./route.ts"

/**
 * Does what was asked for. Besides being allowed in, a browser must say that a page of ours asked; what shows the token itself need not, for no browser
 * does that unasked. Where everybody is let in, only this machine may ask.
 */
export function actionRoute(door: Door, action: Action, started: () => void): Route {
  return {
    methods: ["POST"],
    async answer(request) {
      if (!door.hasToken(request) && !fromOwnPage(request)) {
        return refusal(
          403,
          "From another site",
          "Send the Origin of this server, or the token as Authorization: Bearer.",
        )
      }
      if (door.open && !byLocalName(request)) {
        return refusal(403, "Not from here", "Where everybody may see everything, only localhost may do something.")
      }
      try {
        started()
        const said: unknown = await action.run()
        return json(202, { action: action.name, ...(said !== undefined && { said }) })
      } catch {
        return refusal(500, "It failed", "The action could not be done; the server's log may say why.")
      }
    },
  }
}
