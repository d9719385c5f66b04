import { UserPlus } from 'lucide-react'
import { useRef } from 'react'
import { data } from '@/data/api'
import type { Member } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import { toast } from '@/ui/toast'
import styles from './room-panel.module.css'
import { useForm } from './use-form'

export function AddMember({ roomId, onAdded }: { roomId: number; onAdded: (member: Member) => void }) {
  const { api } = useChat()
  const form = useRef<HTMLFormElement>(null)
  const { busy, faults, general, onSubmit } = useForm(
    (values) =>
      data(
        api.POST('/api/v1/rooms/{room_id}/members', {
          params: { path: { room_id: roomId } },
          body: { username: String(values.get('username')).trim().replace(/^@/, '') },
        }),
      ),
    (member) => {
      onAdded(member)
      form.current?.reset()
      toast(t.rooms.added(member.user.display_name))
    },
  )
  return (
    <form ref={form} className={styles.add} onSubmit={onSubmit}>
      <TextField
        label={t.rooms.addTitle}
        name="username"
        placeholder={t.rooms.addPlaceholder}
        required
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        error={faults.get('username') ?? general}
        end={
          <Button type="submit" look="quiet" busy={busy}>
            <UserPlus size={16} aria-hidden="true" />
            {t.rooms.add}
          </Button>
        }
      />
    </form>
  )
}
