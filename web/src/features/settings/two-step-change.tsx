import { useMutation } from '@tanstack/react-query'
import { data } from '@/data/api'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { SectionForm } from './section-form'
import styles from './two-step.module.css'

interface Props {
  renew: boolean
  onDone: (codes?: readonly string[]) => void
  onCancel: () => void
}

/** Asks before the second step is changed: new recovery codes, or off. */
export function TwoStepChange({ renew, onDone, onCancel }: Props) {
  const { api } = useChat()
  const change = useMutation({
    mutationFn: async () => {
      if (renew) return (await data(api.POST('/api/v1/me/two-factor/recovery-codes'))).recovery_codes
      await api.POST('/api/v1/me/two-factor/disable')
      return undefined
    },
    onSuccess: (codes) => onDone(codes),
  })
  return (
    <SectionForm
      error={change.error}
      busy={change.isPending}
      go={renew ? words.twoStep.renew : words.twoStep.turnOff}
      danger={!renew}
      onGo={() => change.mutate()}
      onCancel={onCancel}
    >
      <p className={styles.text}>{renew ? words.twoStep.renewHint : words.twoStep.turnOffHint}</p>
    </SectionForm>
  )
}
