import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Link2 } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { type Invite, invitesKey, invitesQuery, may } from '@/data/people'
import { ProblemError } from '@/data/problem'
import { momentOf, t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { useRole } from '@/realtime/use-role'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import styles from './people.module.css'

const Confirm = lazy(() => import('@/ui/overlays').then((overlays) => ({ default: overlays.Confirm })))

export function InviteList() {
  const { api } = useChat()
  const invites = useInfiniteQuery(invitesQuery(api))
  if (invites.isPending) return <Skeleton rows={4} label={t.loading} />
  if (invites.isError)
    return <Notice actions={<Button onClick={() => void invites.refetch()}>{t.tryAgain}</Button>}>{t.people.failed}</Notice>
  const list = invites.data.pages.flatMap((page) => page.items)
  if (list.length === 0) return <Notice>{t.people.inviteNone}</Notice>
  return (
    <>
      <ul className={styles.list}>
        {list.map((invite) => (
          <InviteRow key={invite.id} invite={invite} />
        ))}
      </ul>
      {invites.hasNextPage && (
        <Button look="quiet" busy={invites.isFetchingNextPage} onClick={() => void invites.fetchNextPage()}>
          {t.people.more}
        </Button>
      )}
    </>
  )
}

function InviteRow({ invite }: { invite: Invite }) {
  const { api } = useChat()
  const role = useRole()
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const revoke = useMutation({
    mutationFn: () => api.DELETE('/api/v1/admin/invites/{invite_id}', { params: { path: { invite_id: invite.id } } }),
    onError: (error) => toast(error instanceof ProblemError ? error.message : t.notReachable),
    onSettled: () => queries.invalidateQueries({ queryKey: invitesKey }),
  })
  const active = invite.state === 'active'
  const title = invite.note || t.people.forRole[invite.role]
  return (
    <li className={styles.row} data-off={!active || undefined}>
      <span className={styles.icon} aria-hidden="true">
        <Link2 size={18} />
      </span>
      <div className={styles.who}>
        <b>
          <bdi>{title}</bdi>
          <span className={styles.tag} data-live={active || undefined}>
            {t.people.states[invite.state]}
          </span>
        </b>
        <small>{details(invite).join(' · ')}</small>
      </div>
      <div className={styles.acts}>
        <span className={styles.role}>{t.people.uses(invite.uses, invite.max_uses)}</span>
        {active && may.govern(role, invite.role) && (
          <Button busy={revoke.isPending} aria-label={t.people.revokeOne(title)} onClick={() => setAsking(true)}>
            {t.people.revoke}
          </Button>
        )}
      </div>
      {asking && (
        <Suspense>
          <Confirm
            title={t.people.revokeTitle}
            description={t.people.revokeHint}
            go={t.people.revoke}
            cancel={t.cancel}
            closeLabel={t.close}
            onGo={() => revoke.mutate()}
            onClose={() => setAsking(false)}
          />
        </Suspense>
      )}
    </li>
  )
}

function details(invite: Invite): string[] {
  const parts: string[] = []
  if (invite.note) parts.push(t.people.forRole[invite.role])
  if (invite.room_name) parts.push(t.people.toRoom(invite.room_name))
  else if (invite.room_id) parts.push(t.people.toPrivate)
  parts.push(invite.created_by ? t.people.byWho(invite.created_by.display_name) : t.people.byHost)
  if (invite.state === 'active') parts.push(t.people.until(momentOf(invite.expires_at)))
  return parts
}
