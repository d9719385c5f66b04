import { useState } from 'react'
import { NetworkError, ProblemError } from '@/data/problem'
import { t } from '@/i18n'

interface Faults {
  general?: string
  fields: ReadonlyMap<string, string>
}

const none: Faults = { fields: new Map() }

/** Runs the form's request once at a time and sorts what went wrong into the fields and the line above them. */
export function useAuthForm(request: (values: FormData) => Promise<void>, explain: (problem: ProblemError) => string | undefined) {
  const [busy, setBusy] = useState(false)
  const [faults, setFaults] = useState(none)
  const submit = async (form: HTMLFormElement) => {
    if (busy) return
    setBusy(true)
    setFaults(none)
    try {
      await request(new FormData(form))
    } catch (error) {
      setFaults(sort(error, explain))
      setBusy(false)
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
    }
  }
  return { busy, faults, submit }
}

function sort(error: unknown, explain: (problem: ProblemError) => string | undefined): Faults {
  if (error instanceof NetworkError) return { general: t.notReachable, fields: new Map() }
  if (!(error instanceof ProblemError)) throw error
  const general = explain(error) ?? (error.fields.size > 0 ? undefined : error.message)
  return { general, fields: error.fields }
}
