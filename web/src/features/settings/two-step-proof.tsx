import { useMutation } from '@tanstack/react-query'
import { data } from '@/data/api'
import { ProblemError } from '@/data/problem'
import { codeOf } from '@/data/two-factor'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { CodeField } from '@/ui/code-field'
import { CurrentPassword } from './current-password'
import { SectionForm } from './section-form'
import styles from './two-step.module.css'

/** Asks for both steps before the second one is changed: new recovery codes, or off. */
export function TwoStepProof({
  renew,
  onDone,
  onCancel,
}: {
  renew: boolean
  onDone: (codes?: readonly string[]) => void
  onCancel: () => void
}) {
  const { api } = useChat()
  const change = useMutation({
    mutationFn: async (values: FormData) => {
      const body = { current_password: String(values.get('current_password')), ...codeOf(values) }
      if (renew) return (await data(api.POST('/api/v1/me/two-factor/recovery-codes', { body }))).recovery_codes
      await api.POST('/api/v1/me/two-factor/disable', { body })
      return undefined
    },
    onSuccess: onDone,
  })
  const faults = change.error instanceof ProblemError ? change.error.fields : undefined
  return (
    <SectionForm
      error={change.error}
      busy={change.isPending}
      go={renew ? words.twoStep.renew : words.twoStep.turnOff}
      danger={!renew}
      onGo={change.mutate}
      onCancel={onCancel}
    >
      <p className={styles.text}>{renew ? words.twoStep.renewHint : words.twoStep.turnOffHint}</p>
      <CurrentPassword error={faults?.get('current_password')} />
      <CodeField faults={faults} />
    </SectionForm>
  )
}
