import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { TextField } from '@/ui/field'

/** Asks for the password of who is signed in, and tells password managers whose it is. */
export function CurrentPassword({ error }: { error?: string }) {
  const { me } = useChat()
  return (
    <>
      <input type="hidden" name="username" autoComplete="username" value={me.username} readOnly />
      <TextField
        label={t.account.current}
        name="current_password"
        type="password"
        autoComplete="current-password"
        autoFocus
        required
        error={error}
      />
    </>
  )
}
