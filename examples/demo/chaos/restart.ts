import type { ChaosContext } from "./context.ts"

/** As for a minor upgrade: sessions are told, and for a moment nobody gets in. */
export function restart({ server }: ChaosContext): Promise<void> {
  return server.restart("fast")
}
