import type { Context } from "@opentelemetry/api"

import { poolAttributes, serverAttributes } from "../facts.ts"
import type { Source } from "../source.ts"
import { recordOf } from "./log-record.ts"
import type { EventLogger } from "./options.ts"

/**
 * Retries and failures of one database as events of OpenTelemetry's logs, in the place of events on spans, which are deprecated. The
 * function that is returned ends that.
 *
 * @param current in whose trace what happens now belongs
 */
export function startEvents(source: Source, logger: EventLogger, current: () => Context): () => void {
  const { database } = source.snapshot()
  const common = { ...serverAttributes(database), ...poolAttributes(database) }
  return source.observe((event) => {
    const record = recordOf(event)
    if (record === undefined) return
    logger.emit({ ...record, attributes: { ...common, ...record.attributes }, context: current() })
  })
}
