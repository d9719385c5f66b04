import { useMutation } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import type { FormEvent } from 'react'
import { data } from '@/data/api'
import { passkeysWork } from '@/data/passkeys-work'
import { NetworkError, ProblemError } from '@/data/problem'
import type { ProofWays } from '@/data/proof'
import { codeOf } from '@/data/two-factor'
import { getPasskey, PasskeyCancelled } from '@/data/webauthn'
import { t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { CodeField } from '@/ui/code-field'
import { TextField } from '@/ui/field'
import formStyles from '@/ui/form.module.css'
import { Dialog } from '@/ui/overlays'
import { AtProvider } from './at-provider'
import styles from './proof-dialog.module.css'

interface Props {
  ways: ProofWays
  onSettled: (proven: boolean) => void
}

/** Is it still you? With the password, a passkey, or a sign-in elsewhere, whichever the account has. */
export default function ProofDialog({ ways, onSettled }: Props) {
  const passkey = ways.passkey && passkeysWork()
  const others = passkey || ways.providers.length > 0
  const proven = () => onSettled(true)
  return (
    <Dialog title={words.again.title} description={words.again.lead} closeLabel={t.close} onClose={() => onSettled(false)}>
      {ways.password && <WithPassword second={ways.second_factor} onProven={proven} onCancel={() => onSettled(false)} />}
      {ways.password && others && <span className={formStyles.or}>{t.auth.or}</span>}
      {passkey && <WithPasskey onProven={proven} />}
      {ways.providers.map((id) => (
        <AtProvider key={id} id={id} onProven={proven} />
      ))}
      {!ways.password && !others && <p className={styles.text}>{words.again.noWay}</p>}
    </Dialog>
  )
}

function WithPassword({ second, onProven, onCancel }: { second: boolean; onProven: () => void; onCancel: () => void }) {
  const { api, me } = useChat()
  const prove = useMutation({
    mutationFn: (values: FormData) =>
      api.POST('/api/v1/me/reauthenticate', {
        body: { current_password: String(values.get('current_password')), ...(second ? codeOf(values) : {}) },
      }),
    onSuccess: onProven,
  })
  const faults = prove.error instanceof ProblemError ? prove.error.fields : undefined
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (!prove.isPending) prove.mutate(new FormData(event.currentTarget))
  }
  return (
    <form className={formStyles.section} onSubmit={submit}>
      <Fault error={faults?.size ? undefined : prove.error} />
      {/* Tells password managers whose password this is. */}
      <input type="hidden" name="username" autoComplete="username" value={me.username} readOnly />
      <TextField
        label={words.again.password}
        name="current_password"
        type="password"
        autoComplete="current-password"
        autoFocus
        required
        error={faults?.get('current_password')}
      />
      {second && <CodeField faults={faults} />}
      <div className={formStyles.actions}>
        <Button onClick={onCancel}>{t.cancel}</Button>
        <Button type="submit" look="solid" busy={prove.isPending}>
          {words.again.go}
        </Button>
      </div>
    </form>
  )
}

function WithPasskey({ onProven }: { onProven: () => void }) {
  const { api } = useChat()
  const prove = useMutation({
    mutationFn: async () => {
      const { ticket, options } = await data(api.POST('/api/v1/me/reauthenticate/passkey/begin'))
      await api.POST('/api/v1/me/reauthenticate/passkey/finish', { body: { ticket, credential: await getPasskey(options) } })
    },
    onSuccess: onProven,
  })
  return (
    <>
      <Fault error={prove.error} />
      <Button wide busy={prove.isPending} onClick={() => prove.mutate()}>
        <KeyRound size={16} aria-hidden="true" />
        {prove.isPending ? words.passkeys.waiting : words.again.passkey}
      </Button>
    </>
  )
}

export function Fault({ error }: { error: unknown }) {
  if (!error) return null
  return (
    <p role="alert" className={formStyles.alert}>
      {explain(error)}
    </p>
  )
}

function explain(error: unknown): string {
  if (error instanceof PasskeyCancelled) return words.passkeys.cancelled
  if (error instanceof NetworkError) return t.notReachable
  return error instanceof Error ? error.message : String(error)
}
