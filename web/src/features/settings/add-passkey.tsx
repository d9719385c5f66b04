import { useMutation, useQueryClient } from '@tanstack/react-query'
import { data } from '@/data/api'
import { ProblemError } from '@/data/problem'
import { passkeysKey } from '@/data/two-factor'
import { createPasskey, PasskeyCancelled, PasskeyKnown } from '@/data/webauthn'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { TextField } from '@/ui/field'
import { SectionForm } from './section-form'

/** A name, then the browser's own dialog. */
export function AddPasskey({ onDone }: { onDone: () => void }) {
  const { api } = useChat()
  const queries = useQueryClient()
  const add = useMutation({
    mutationFn: async (values: FormData) => {
      const begun = await data(api.POST('/api/v1/me/passkeys/begin'))
      const credential = await createPasskey(begun.options)
      return data(api.POST('/api/v1/me/passkeys/finish', { body: { ticket: begun.ticket, name: String(values.get('name')), credential } }))
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
    </SectionForm>
  )
}

function explained(error: unknown): unknown {
  if (error instanceof PasskeyCancelled) return new Error(words.passkeys.cancelled)
  if (error instanceof PasskeyKnown) return new Error(words.passkeys.known)
  if (error instanceof ProblemError && error.fields.has('credential')) return new Error(error.message)
  return error
}
