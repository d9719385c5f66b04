import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type DeviceSession, sessionsKey, sessionsQuery } from '@/data/account'
import { momentOf, t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import formStyles from '@/ui/form.module.css'
import { Skeleton } from '@/ui/skeleton'
import styles from './account-dialog.module.css'
import { describe } from './describe'

/** Where I am signed in, and the way to end it there. */
export function Devices({ onSignOut }: { onSignOut?: () => void }) {
  const { api } = useChat()
  const queries = useQueryClient()
  const sessions = useQuery(sessionsQuery(api))
  const onSettled = () => queries.invalidateQueries({ queryKey: sessionsKey })
  const end = useMutation({
    mutationFn: (id: string) => api.DELETE('/api/v1/me/sessions/{session_id}', { params: { path: { session_id: id } } }),
    onSettled,
  })
  const endAll = useMutation({
    mutationFn: (keepCurrent: boolean) => api.POST('/api/v1/me/sessions/revoke-all', { body: { keep_current: keepCurrent } }),
    onSuccess: (_, keepCurrent) => (keepCurrent ? undefined : onSignOut?.()),
    onSettled: (_answer, _error, keepCurrent) => (keepCurrent ? onSettled() : undefined),
  })
  if (sessions.isPending) return <Skeleton rows={2} label={t.loading} />
  const fault = describe(sessions.error ?? end.error ?? endAll.error)
  const busy = end.isPending || endAll.isPending
  const list = sessions.data ?? []
  return (
    <>
      {fault && (
        <p role="alert" className={formStyles.alert}>
          {fault}
        </p>
      )}
      <ul className={styles.devices}>
        {list.map((session) => (
          <Device key={session.id} session={session} busy={busy} onEnd={() => end.mutate(session.id)} />
        ))}
      </ul>
      <div className={formStyles.actions}>
        {list.length > 1 && (
          <Button busy={busy} onClick={() => endAll.mutate(true)}>
            {t.account.endOthers}
          </Button>
        )}
        {onSignOut && (
          <Button look="danger" busy={busy} onClick={() => endAll.mutate(false)}>
            {t.account.endAll}
          </Button>
        )}
      </div>
    </>
  )
}

function Device({ session, busy, onEnd }: { session: DeviceSession; busy: boolean; onEnd: () => void }) {
  return (
    <li className={styles.device}>
      <div>
        <b>{session.agent}</b>
        <small>{t.account.lastUsed(momentOf(session.used_at), session.place)}</small>
      </div>
      {session.current ? (
        <span className={styles.here}>{t.account.thisDevice}</span>
      ) : (
        <Button busy={busy} aria-label={t.account.endOne(session.agent)} onClick={onEnd}>
          {t.user.signOut}
        </Button>
      )}
    </li>
  )
}
