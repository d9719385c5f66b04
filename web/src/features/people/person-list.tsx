import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { ShieldOff } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { may, type Person, peopleKey, peopleQuery, type ServerRole } from '@/data/people'
import { ProblemError } from '@/data/problem'
import { dateOf, t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { useRole } from '@/realtime/use-role'
import { Avatar } from '@/ui/avatar'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { Notice } from '@/ui/notice'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import styles from './people.module.css'

const Confirm = lazy(() => import('@/ui/overlays').then((overlays) => ({ default: overlays.Confirm })))

const roles = ['owner', 'admin', 'member'] as const

export function PersonList({ query }: { query: string }) {
  const { api } = useChat()
  const people = useInfiniteQuery(peopleQuery(api, query))
  if (people.isPending) return <Skeleton rows={6} label={t.loading} />
  if (people.isError)
    return <Notice actions={<Button onClick={() => void people.refetch()}>{t.tryAgain}</Button>}>{t.people.failed}</Notice>
  const list = people.data.pages.flatMap((page) => page.items)
  if (list.length === 0) return <Notice>{t.people.none(query)}</Notice>
  return (
    <>
      <ul className={styles.list}>
        {list.map((person) => (
          <PersonRow key={person.id} person={person} />
        ))}
      </ul>
      {people.hasNextPage && (
        <Button look="quiet" busy={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>
          {t.people.more}
        </Button>
      )}
    </>
  )
}

type Change = { role: ServerRole } | { deactivated: boolean } | { secondStep: 'off' }

function PersonRow({ person }: { person: Person }) {
  const { api, me } = useChat()
  const role = useRole()
  const queries = useQueryClient()
  const [asking, setAsking] = useState<Change>()
  const name = person.display_name
  const self = person.id === me.id
  const change = useMutation({
    mutationFn: async (body: Change) => {
      const params = { path: { user_id: person.id } }
      if ('secondStep' in body) await api.POST('/api/v1/admin/people/{user_id}/reset-two-factor', { params })
      else await api.PATCH('/api/v1/admin/people/{user_id}', { params, body })
    },
    onSuccess: (_, body) => toast(done(name, body)),
    onError: (error) => toast(why(name, error)),
    onSettled: () => queries.invalidateQueries({ queryKey: peopleKey }),
  })
  const deactivated = person.deactivated_at !== undefined
  return (
    <li className={styles.row} data-off={deactivated || undefined}>
      <Avatar id={person.id} name={name} />
      <div className={styles.who}>
        <b>
          <bdi>{name}</bdi>
          {self && <span className={styles.tag}>{t.people.you}</span>}
          {deactivated && <span className={styles.tag}>{t.people.deactivated}</span>}
        </b>
        <small>
          @{person.username} · {t.people.since(dateOf(person.created_at))}
        </small>
      </div>
      <div className={styles.acts}>
        {role === 'owner' && !deactivated ? (
          <select
            className={styles.select}
            aria-label={t.people.role(name)}
            value={person.role}
            disabled={change.isPending}
            onChange={(event) => setAsking({ role: event.target.value as ServerRole })}
          >
            {roles.map((role) => (
              <option key={role} value={role}>
                {t.people.roles[role]}
              </option>
            ))}
          </select>
        ) : (
          <span className={styles.role}>{t.people.roles[person.role]}</span>
        )}
        {!self && !deactivated && person.two_factor && may.govern(role, person.role) && (
          <IconButton label={t.people.resetStepsOne(name)} disabled={change.isPending} onClick={() => setAsking({ secondStep: 'off' })}>
            <ShieldOff size={17} />
          </IconButton>
        )}
        {!self && may.govern(role, person.role) && (
          <Button
            busy={change.isPending}
            aria-label={deactivated ? t.people.reactivateOne(name) : t.people.deactivateOne(name)}
            onClick={() => (deactivated ? change.mutate({ deactivated: false }) : setAsking({ deactivated: true }))}
          >
            {deactivated ? t.people.reactivate : t.people.deactivate}
          </Button>
        )}
      </div>
      {asking && (
        <Suspense>
          <Confirm
            {...question(name, asking)}
            cancel={t.cancel}
            closeLabel={t.close}
            onGo={() => change.mutate(asking)}
            onClose={() => setAsking(undefined)}
          />
        </Suspense>
      )}
    </li>
  )
}

function question(name: string, change: Change) {
  if ('role' in change) {
    return {
      title: t.people.roleTitle(name, t.people.roleNames[change.role]),
      description: t.people.roleHints[change.role],
      go: t.people.roleGo,
    }
  }
  if ('secondStep' in change)
    return { title: t.people.resetStepsTitle(name), description: t.people.resetStepsHint, go: t.people.resetStepsGo }
  return { title: t.people.deactivateTitle(name), description: t.people.deactivateHint, go: t.people.deactivate }
}

function done(name: string, change: Change): string {
  if ('role' in change) return t.people.roleDone(name, t.people.roleNames[change.role])
  if ('secondStep' in change) return t.people.resetStepsDone(name)
  return change.deactivated ? t.people.deactivatedNow(name) : t.people.reactivatedNow(name)
}

function why(name: string, error: unknown): string {
  if (!(error instanceof ProblemError)) return t.notReachable
  return error.code === 'two_factor_off' ? t.people.noSteps(name) : error.message
}
