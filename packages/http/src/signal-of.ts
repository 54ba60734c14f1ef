/** By its signal, or by the one that it was made with. */
const requests = new WeakMap<AbortSignal, Request>()

/** Its signal, which tells when its client has gone; heard as long as somebody holds it, as one would think. */
export function signalOf(request: Request): AbortSignal {
  return keptBy(request.signal, request).signal
}

/**
 * Lets a request be there as long as a signal is. In Node the signal of a Request follows that of its client only as long as the Request itself can
 * be reached: once that is collected as garbage, whoever has kept the signal alone is never told.
 */
export function keptBy(signal: AbortSignal, request: Request): Request {
  requests.set(signal, request)
  return request
}
