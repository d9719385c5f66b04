import { useMutation } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { NetworkError, ProblemError } from '@/data/problem'
import { t } from '@/i18n'

const noFaults: ReadonlyMap<string, string> = new Map()

/** A form that sends one request: what is wrong with which field, and what is wrong with none of them. */
export function useForm<T>(request: (values: FormData) => Promise<T>, onDone: (answer: T) => void) {
  const { mutate, isPending, error } = useMutation({ mutationFn: request, onSuccess: onDone })
  return {
    busy: isPending,
    faults: error instanceof ProblemError ? error.fields : noFaults,
    general: describe(error),
    onSubmit: (event: FormEvent<HTMLFormElement>) => {
      event.preventDefault()
      if (!isPending) mutate(new FormData(event.currentTarget))
    },
  }
}

export function describe(error: unknown): string | undefined {
  if (error instanceof NetworkError) return t.notReachable
  if (error instanceof ProblemError) return error.fields.size > 0 ? undefined : error.message
  return error instanceof Error ? error.message : undefined
}
