import { expect, it } from "vitest"
import { Fixture, provedRead, write } from "./fixture.ts"
it("works", async () => {
  const f = new Fixture()
  const lease = f.lease()
  lease.begin({})
  console.log(await lease.run(provedRead), await lease.run(write), await lease.commit())
  await lease.release()
  console.log(f.server.heard, f.server.applied, f.pool.returns, f.events, f.clock.timers)
  expect(1).toBe(1)
})
