import { data } from '@/data/api'
import type { Room } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import formStyles from '@/ui/form.module.css'
import { Dialog } from '@/ui/overlays'
import { RoomFields } from './room-form'
import { useForm } from './use-form'

export default function EditRoomDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const chat = useChat()
  const form = useForm(
    (values) =>
      data(
        chat.api.PATCH('/api/v1/rooms/{room_id}', {
          params: { path: { room_id: room.id } },
          body: { name: String(values.get('name')).trim(), topic: String(values.get('topic')).trim() },
        }),
      ),
    (changed) => {
      // Name and topic only: the revision moves with the event, in its turn.
      chat.rooms.update(room.id, (known) => ({ ...known, name: changed.name, topic: changed.topic }))
      onClose()
    },
  )
  return (
    <Dialog title={t.rooms.rename} closeLabel={t.close} onClose={onClose}>
      <form className={formStyles.form} onSubmit={form.onSubmit}>
        {form.general && (
          <p role="alert" className={formStyles.alert}>
            {form.general}
          </p>
        )}
        <RoomFields faults={form.faults} name={room.name} topic={room.topic} />
        <div className={formStyles.actions}>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="submit" look="solid" busy={form.busy}>
            {t.save}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
