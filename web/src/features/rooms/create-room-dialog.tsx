import { useRef } from 'react'
import { useLocation } from 'wouter'
import { data } from '@/data/api'
import type { RoomKind } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import formStyles from '@/ui/form.module.css'
import { Dialog } from '@/ui/overlays'
import { RoomFields } from './room-form'
import { useForm } from './use-form'

export default function CreateRoomDialog({ onClose }: { onClose: () => void }) {
  const chat = useChat()
  const [, navigate] = useLocation()
  // One key per dialog: pressing Create again after a lost answer finds the room made the first time.
  const key = useRef(`room-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`)
  const form = useForm(
    (values) =>
      data(
        chat.api.POST('/api/v1/rooms', {
          params: { header: { 'Idempotency-Key': key.current } },
          body: { name: text(values, 'name'), topic: text(values, 'topic'), kind: text(values, 'kind') as RoomKind },
        }),
      ),
    (room) => {
      chat.enter(room)
      onClose()
      navigate(`/rooms/${room.id}`)
    },
  )
  return (
    <Dialog title={t.rooms.createTitle} closeLabel={t.close} onClose={onClose}>
      <form className={formStyles.form} onSubmit={form.onSubmit}>
        {form.general && (
          <p role="alert" className={formStyles.alert}>
            {form.general}
          </p>
        )}
        <RoomFields faults={form.faults} />
        <fieldset className={formStyles.kinds}>
          <legend>{t.rooms.kind}</legend>
          <Kind value="public" label={t.rooms.public} hint={t.rooms.publicHint} checked />
          <Kind value="private" label={t.rooms.privateKind} hint={t.rooms.privateHint} />
        </fieldset>
        <div className={formStyles.actions}>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="submit" look="solid" busy={form.busy}>
            {form.busy ? t.rooms.creating : t.rooms.createGo}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Kind({ value, label, hint, checked }: { value: RoomKind; label: string; hint: string; checked?: boolean }) {
  return (
    <div className={formStyles.kind}>
      <input type="radio" name="kind" id={`kind-${value}`} value={value} defaultChecked={checked} aria-describedby={`kind-${value}-hint`} />
      <label htmlFor={`kind-${value}`}>{label}</label>
      <small id={`kind-${value}-hint`}>{hint}</small>
    </div>
  )
}

const text = (values: FormData, name: string): string => String(values.get(name) ?? '').trim()
