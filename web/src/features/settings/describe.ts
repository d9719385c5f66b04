import { NetworkError, ProblemError } from '@/data/problem'
import { t } from '@/i18n'

/** What is said of an error that belongs to no field. */
export function describe(error: unknown): string | undefined {
  if (error instanceof NetworkError) return t.notReachable
  if (error instanceof ProblemError) return error.fields.size > 0 ? undefined : error.message
  return error instanceof Error ? error.message : undefined
}
