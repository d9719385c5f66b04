import type { ProblemBody } from './types'

/** The server answered, and the answer was no. `code` is stable; `detail` is written for people. */
export class ProblemError extends Error {
  readonly status: number
  readonly code: string
  readonly fields: ReadonlyMap<string, string>
  readonly retryAfterMs: number | undefined
  /** Where a fresh proof is needed: how to give one. */
  readonly proof: ProblemBody['reauthentication']

  constructor(body: Partial<ProblemBody> & { status: number }, retryAfterMs?: number) {
    super(body.detail || body.title || `status ${body.status}`)
    this.name = 'ProblemError'
    this.status = body.status
    this.code = body.code ?? 'unknown'
    this.fields = new Map((body.errors ?? []).map((fault) => [fault.field, fault.detail]))
    this.proof = body.reauthentication
    this.retryAfterMs = body.retry_after_ms ?? retryAfterMs
  }
}

/** No answer came: offline, timed out, or the server is away. Nothing is known about what it did. */
export class NetworkError extends Error {
  constructor(cause?: unknown) {
    super('no answer from the server', { cause })
    this.name = 'NetworkError'
  }
}

/** Whether the same request may work later without anybody changing anything. */
export function isTransient(error: unknown): boolean {
  if (error instanceof NetworkError) return true
  return error instanceof ProblemError && (error.status >= 500 || error.status === 429 || error.status === 408)
}

/**
 * When to try again what failed: about `usualMs`, and not before the time that the server gave. Each time another, because whatever failed here failed
 * for everybody, and everybody is about to try again.
 */
export function retryDelay(error: unknown, usualMs: number, random: () => number = Math.random): number {
  const told = (error instanceof ProblemError && error.retryAfterMs) || 0
  return Math.max(told, usualMs / 2) + random() * Math.max(usualMs, told / 2)
}

export async function problemFrom(response: Response): Promise<ProblemError> {
  const after = Number(response.headers.get('retry-after'))
  const retryAfterMs = Number.isFinite(after) && after > 0 ? after * 1000 : undefined
  try {
    const body = (await response.json()) as Partial<ProblemBody>
    return new ProblemError({ ...body, status: response.status }, retryAfterMs)
  } catch {
    return new ProblemError({ status: response.status, title: response.statusText }, retryAfterMs)
  }
}
