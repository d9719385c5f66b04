import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { data } from '@/data/api'
import { ProblemError } from '@/data/problem'
import { passkeysKey } from '@/data/two-factor'
import { createPasskey, PasskeyCancelled, PasskeyKnown } from '@/data/webauthn'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { TextField } from '@/ui/field'
import { CurrentPassword } from './current-password'
import { SectionForm } from './section-form'

/** A name, then the browser's own dialog. The password only when the server asks for it: some time after the sign-in. */
export function AddPasskey({ onDone }: { onDone: () => void }) {
  const { api } = useChat()
  const queries = useQueryClient()
  const [password, setPassword] = useState(false)
  const add = useMutation({
    mutationFn: async (values: FormData) => {
      const current_password = values.get('current_password')
      const begun = await data(
        api.POST('/api/v1/me/passkeys/begin', { body: current_password === null ? {} : { current_password: String(current_password) } }),
      )
      const credential = await createPasskey(begun.options)
      return data(api.POST('/api/v1/me/passkeys/finish', { body: { ticket: begun.ticket, name: String(values.get('name')), credential } }))
    },
    onError: (error) => {
      if (error instanceof ProblemError && error.code === 'password_needed') setPassword(true)
    },
    onSuccess: () => {
      onDone()
      return queries.invalidateQueries({ queryKey: passkeysKey })
    },
  })
  const faults = add.error instanceof ProblemError ? add.error.fields : undefined
  return (
    <SectionForm error={explained(add.error)} busy={add.isPending} go={words.passkeys.add} onGo={add.mutate} onCancel={onDone}>
      <TextField
        label={words.passkeys.name}
        name="name"
        autoFocus
        required
        maxLength={64}
        hint={words.passkeys.nameHint}
        error={faults?.get('name')}
      />
      {password && <CurrentPassword error={faults?.get('current_password')} />}
    </SectionForm>
  )
}

function explained(error: unknown): unknown {
  if (error instanceof PasskeyCancelled) return new Error(words.passkeys.cancelled)
  if (error instanceof PasskeyKnown) return new Error(words.passkeys.known)
  if (error instanceof ProblemError && error.fields.has('credential')) return new Error(error.message)
  return error
}
