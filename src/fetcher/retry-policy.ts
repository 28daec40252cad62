/**
 * Which failures are worth another try, as one table. How long to wait is not decided here: a retry goes back through the frontier and
 * waits for its host's next turn, which a failure has put off (politeness/host-pace.ts).
 */
import type { Fault, PassingFault } from '../outcome.ts'

/** RFC 9110 section 15: the statuses that speak of a passing state. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504])

export const isPassingStatus = (status: number) => passingStatuses.has(status)

const passing: Readonly<Record<Fault, boolean>> = {
  dns: true,
  connection_refused: true,
  connection_reset: true,
  connect_timeout: true,
  headers_timeout: true,
  body_timeout: true,
  total_timeout: true,
  network: true,
  tls: false,
  body_too_large: false,
  bad_encoding: false,
  protocol: false,
  redirect_without_target: false,
  redirect_loop: false,
  too_many_redirects: false,
  parser: false,
}

/** Of failures without a status; those with one are told by `isPassingStatus`. */
export const isPassing = (fault: Fault): fault is PassingFault => passing[fault]
