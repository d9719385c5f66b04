import { NetworkError, ProblemError } from '@/data/problem'
import { t } from '@/i18n'

/** Why something did not work, as the second half of a sentence. */
export function explain(error: unknown): string {
  if (error instanceof ProblemError) return [...error.fields.values()][0] ?? error.message
  if (error instanceof NetworkError) return t.notReachable
  throw error
}
