import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { type AccountNotice, noticesKey, noticesQuery } from '@/data/account'
import { momentOf, t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import styles from './account-notices.module.css'

const AccountDialog = lazy(() => import('./account-dialog'))

/** One quiet line at a time about my account, until it is dismissed. It is there on every device but the one it is about. */
export function AccountNotices() {
  const { api } = useChat()
  const queries = useQueryClient()
  const { data: notices } = useQuery(noticesQuery(api))
  const [looking, setLooking] = useState(false)
  const dismiss = useMutation({
    mutationFn: (id: number) => api.DELETE('/api/v1/me/notices/{notice_id}', { params: { path: { notice_id: id } } }),
    onMutate: (id) => queries.setQueryData<AccountNotice[]>(noticesKey, (known) => known?.filter((notice) => notice.id !== id)),
    onSettled: () => queries.invalidateQueries({ queryKey: noticesKey }),
  })
  const notice = notices?.[0]
  return (
    <>
      <div role="status">
        {notice && (
          <div className={styles.banner}>
            <p>
              {text(notice)} <span className={styles.when}>{momentOf(notice.at)}</span>
            </p>
            <Button look="quiet" onClick={() => setLooking(true)}>
              {t.account.look}
            </Button>
            <Button look="quiet" onClick={() => dismiss.mutate(notice.id)}>
              {t.account.dismiss}
            </Button>
          </div>
        )}
      </div>
      {looking && (
        <Suspense>
          <AccountDialog onClose={() => setLooking(false)} />
        </Suspense>
      )}
    </>
  )
}

function text(notice: AccountNotice): string {
  switch (notice.kind) {
    case 'session.opened':
      return t.account.opened(notice.agent, notice.place)
    case 'session.reused':
      return t.account.reused
    case 'password.changed':
      return t.account.passwordChangedBy(notice.agent, notice.place)
    case 'password.reset':
      return t.email.resetBy(notice.agent, notice.place)
    case 'email.removed':
      return t.email.removedBy(notice.agent, notice.place)
    case 'email.changed':
      return t.email.changedBy(notice.agent, notice.place)
    case 'identity.linked':
      return t.providers.linkedBy(notice.agent, notice.place)
    case 'identity.unlinked':
      return t.providers.unlinkedBy(notice.agent, notice.place)
    case 'two_factor.enabled':
    case 'two_factor.disabled':
    case 'two_factor.recovery_used':
    case 'two_factor.codes_renewed':
    case 'passkey.added':
    case 'passkey.removed':
    case 'passkey.copied':
      return t.account.changes[notice.kind](notice.agent, notice.place)
    default:
      return t.account.something
  }
}
