import type { FormEvent, ReactNode } from 'react'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import formStyles from '@/ui/form.module.css'
import { describe } from './describe'

interface Props {
  error: unknown
  busy: boolean
  go: string
  danger?: boolean
  onGo: (values: FormData) => void
  onCancel: () => void
  children: ReactNode
}

/** A form within a section of the dialog: what went wrong, the fields, and the two ways out. */
export function SectionForm({ error, busy, go, danger, onGo, onCancel, children }: Props) {
  const fault = describe(error)
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (!busy) onGo(new FormData(event.currentTarget))
  }
  return (
    <form className={formStyles.section} onSubmit={submit}>
      {fault && (
        <p role="alert" className={formStyles.alert}>
          {fault}
        </p>
      )}
      {children}
      <div className={formStyles.actions}>
        <Button onClick={onCancel}>{t.cancel}</Button>
        <Button type="submit" look={danger ? 'danger' : 'solid'} busy={busy}>
          {go}
        </Button>
      </div>
    </form>
  )
}
