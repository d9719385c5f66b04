import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { data } from '@/data/api'
import { type TwoFactor, twoFactorKey, twoFactorQuery } from '@/data/two-factor'
import { dateOf, t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import formStyles from '@/ui/form.module.css'
import { Skeleton } from '@/ui/skeleton'
import { describe } from './describe'
import { RecoveryCodes } from './recovery-codes'
import { SetUpTwoStep } from './set-up-two-step'
import styles from './two-step.module.css'
import { TwoStepChange } from './two-step-change'

type Doing = 'nothing' | 'renew' | 'turn-off'

/** Whether signing in asks for a code besides the password, and how to change that. */
export default function TwoStep() {
  const { api } = useChat()
  const queries = useQueryClient()
  const state = useQuery(twoFactorQuery(api))
  const [doing, setDoing] = useState<Doing>('nothing')
  const [codes, setCodes] = useState<readonly string[]>()
  const begin = useMutation({ mutationFn: () => data(api.POST('/api/v1/me/two-factor/begin')) })
  const done = (fresh?: readonly string[]) => {
    setDoing('nothing')
    begin.reset()
    setCodes(fresh)
    return queries.invalidateQueries({ queryKey: twoFactorKey })
  }
  if (state.isPending) return <Skeleton rows={1} label={t.loading} />
  if (!state.data) {
    return (
      <p role="alert" className={formStyles.alert}>
        {describe(state.error)}
      </p>
    )
  }
  if (codes) return <RecoveryCodes codes={codes} onKept={() => void done()} />
  if (begin.data) return <SetUpTwoStep secret={begin.data} onDone={(fresh) => void done(fresh)} onCancel={begin.reset} />
  const stop = () => setDoing('nothing')
  switch (doing) {
    case 'renew':
    case 'turn-off':
      return <TwoStepChange renew={doing === 'renew'} onDone={(fresh) => void done(fresh)} onCancel={stop} />
    case 'nothing':
      return <Now state={state.data} busy={begin.isPending} fault={describe(begin.error)} onSetUp={begin.mutate} onDo={setDoing} />
  }
}

interface NowProps {
  state: TwoFactor
  busy: boolean
  fault: string | undefined
  onSetUp: () => void
  onDo: (doing: Doing) => void
}

function Now({ state, busy, fault, onSetUp, onDo }: NowProps) {
  if (!state.enabled) {
    return (
      <>
        <p className={styles.text}>{state.available ? words.twoStep.off : words.twoStep.unavailable}</p>
        {fault && (
          <p role="alert" className={formStyles.alert}>
            {fault}
          </p>
        )}
        {state.available && (
          <div className={formStyles.actions}>
            <Button busy={busy} onClick={onSetUp}>
              {words.twoStep.turnOn}
            </Button>
          </div>
        )}
      </>
    )
  }
  return (
    <>
      <p className={styles.text}>
        {words.twoStep.on(state.enabled_at ? dateOf(state.enabled_at) : '')} {words.twoStep.left(state.recovery_codes_left)}
      </p>
      <div className={formStyles.actions}>
        <Button onClick={() => onDo('renew')}>{words.twoStep.renew}</Button>
        <Button onClick={() => onDo('turn-off')}>{words.twoStep.turnOff}</Button>
      </div>
    </>
  )
}
