import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { passkeysWork } from '@/data/passkeys-work'
import { type Passkey, passkeysKey, passkeysQuery } from '@/data/two-factor'
import { dateOf, momentOf, t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import formStyles from '@/ui/form.module.css'
import { Skeleton } from '@/ui/skeleton'
import dialog from './account-dialog.module.css'
import { AddPasskey } from './add-passkey'
import { describe } from './describe'
import { SectionForm } from './section-form'
import styles from './two-step.module.css'

/** My passkeys: when each was used last, its name, and the way to be rid of it. */
export default function Passkeys() {
  const { api } = useChat()
  const list = useQuery(passkeysQuery(api))
  const [adding, setAdding] = useState(false)
  if (list.isPending) return <Skeleton rows={1} label={t.loading} />
  const fault = describe(list.error)
  return (
    <>
      <p className={styles.text}>{passkeysWork() ? words.passkeys.about : words.passkeys.notHere}</p>
      {fault && (
        <p role="alert" className={formStyles.alert}>
          {fault}
        </p>
      )}
      {list.data && list.data.length > 0 && (
        <ul className={dialog.devices} aria-label={words.passkeys.title}>
          {list.data.map((passkey) => (
            <Row key={passkey.id} passkey={passkey} />
          ))}
        </ul>
      )}
      {adding && <AddPasskey onDone={() => setAdding(false)} />}
      {!adding && passkeysWork() && (
        <div className={formStyles.actions}>
          <Button onClick={() => setAdding(true)}>{words.passkeys.add}</Button>
        </div>
      )}
    </>
  )
}

function Row({ passkey }: { passkey: Passkey }) {
  const { api } = useChat()
  const queries = useQueryClient()
  const [doing, setDoing] = useState<'nothing' | 'rename' | 'delete'>('nothing')
  const path = { params: { path: { passkey_id: passkey.id } } }
  const onSettled = () => queries.invalidateQueries({ queryKey: passkeysKey })
  const stop = () => setDoing('nothing')
  const rename = useMutation({
    mutationFn: (values: FormData) =>
      api.PATCH('/api/v1/me/passkeys/{passkey_id}', { ...path, body: { name: String(values.get('name')) } }),
    onSuccess: stop,
    onSettled,
  })
  const remove = useMutation({ mutationFn: () => api.DELETE('/api/v1/me/passkeys/{passkey_id}', path), onSuccess: stop, onSettled })
  if (doing === 'rename') {
    return (
      <li>
        <SectionForm error={rename.error} busy={rename.isPending} go={t.save} onGo={rename.mutate} onCancel={stop}>
          <TextField label={words.passkeys.name} name="name" defaultValue={passkey.name} autoFocus required maxLength={64} />
        </SectionForm>
      </li>
    )
  }
  if (doing === 'delete') {
    return (
      <li>
        <SectionForm
          error={remove.error}
          busy={remove.isPending}
          go={words.passkeys.remove}
          danger
          onGo={() => remove.mutate()}
          onCancel={stop}
        >
          <p className={styles.text}>{words.passkeys.removeHint(passkey.name)}</p>
        </SectionForm>
      </li>
    )
  }
  return (
    <li className={dialog.device}>
      <div>
        <b>
          <bdi>{passkey.name}</bdi>
        </b>
        <small>
          {passkey.used_at ? words.passkeys.used(momentOf(passkey.used_at)) : words.passkeys.unused(dateOf(passkey.created_at))}
        </small>
      </div>
      <Button look="quiet" aria-label={words.passkeys.renameOne(passkey.name)} onClick={() => setDoing('rename')}>
        {words.passkeys.rename}
      </Button>
      <Button look="quiet" aria-label={words.passkeys.removeOne(passkey.name)} onClick={() => setDoing('delete')}>
        {words.passkeys.remove}
      </Button>
    </li>
  )
}
