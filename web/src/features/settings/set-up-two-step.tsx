import { useMutation } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { data } from '@/data/api'
import { ProblemError } from '@/data/problem'
import type { TwoFactorSecret } from '@/data/two-factor'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { CodeField } from '@/ui/code-field'
import { SectionForm } from './section-form'
import styles from './two-step.module.css'

const QrCode = lazy(() => import('./qr-code'))

interface Props {
  secret: TwoFactorSecret
  onDone: (codes: readonly string[]) => void
  onCancel: () => void
}

/** The secret for the app, then a first code from it. */
export function SetUpTwoStep({ secret, onDone, onCancel }: Props) {
  const { api } = useChat()
  const confirm = useMutation({
    mutationFn: async (values: FormData) => {
      const body = { ticket: secret.ticket, code: String(values.get('code')) }
      return (await data(api.POST('/api/v1/me/two-factor/confirm', { body }))).recovery_codes
    },
    onSuccess: onDone,
  })
  const faults = confirm.error instanceof ProblemError ? confirm.error.fields : undefined
  return (
    <SectionForm error={confirm.error} busy={confirm.isPending} go={words.twoStep.turnOn} onGo={confirm.mutate} onCancel={onCancel}>
      <div className={styles.setup}>
        <Suspense fallback={<span className={styles.qr} />}>
          <QrCode text={secret.url} label={words.twoStep.qr} />
        </Suspense>
        <p className={styles.text}>
          {words.twoStep.scan}
          <code className={styles.secret}>{secret.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
        </p>
      </div>
      <CodeField faults={faults} recovery={false} autoFocus />
    </SectionForm>
  )
}
