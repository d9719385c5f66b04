import { ChevronLeft, Search, UserPlus } from 'lucide-react'
import { lazy, Suspense, useDeferredValue, useState } from 'react'
import { Link } from 'wouter'
import { may } from '@/data/people'
import { t } from '@/i18n'
import { useRole } from '@/realtime/use-role'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import pageStyles from '@/ui/page.module.css'
import { InviteList } from './invite-list'
import styles from './people.module.css'
import { PersonList } from './person-list'

const InviteDialog = lazy(() => import('./invite-dialog'))

const tabs = ['people', 'invites'] as const

/** Who is here, who may do what, and how others come in. For those who run the server. */
export default function PeoplePage() {
  const role = useRole()
  return (
    <>
      <header className={styles.head}>
        <Link href="/" className={styles.back} aria-label={t.rooms.back}>
          <ChevronLeft size={20} />
        </Link>
        <h1>{t.people.title}</h1>
      </header>
      {may.manage(role) ? <Managed /> : <Notice>{t.people.notYours}</Notice>}
    </>
  )
}

function Managed() {
  const [tab, setTab] = useState<(typeof tabs)[number]>('people')
  const [inviting, setInviting] = useState(false)
  const [query, setQuery] = useState('')
  const wanted = useDeferredValue(query.trim())
  return (
    <>
      <div className={pageStyles.page}>
        <div className={styles.bar}>
          <fieldset className={styles.tabs} aria-label={t.people.title}>
            {tabs.map((name) => (
              <button key={name} type="button" aria-pressed={tab === name} onClick={() => setTab(name)}>
                {t.people[name]}
              </button>
            ))}
          </fieldset>
          <Button look="solid" onClick={() => setInviting(true)}>
            <UserPlus size={16} aria-hidden="true" /> {t.people.invite}
          </Button>
        </div>
        {tab === 'people' ? (
          <>
            <label className={pageStyles.search}>
              <Search size={16} aria-hidden="true" />
              <input
                type="search"
                aria-label={t.people.search}
                placeholder={t.people.search}
                value={query}
                maxLength={80}
                onChange={(event) => setQuery(event.target.value)}
              />
            </label>
            <PersonList query={wanted} />
          </>
        ) : (
          <InviteList />
        )}
      </div>
      {inviting && (
        <Suspense>
          <InviteDialog
            onClose={() => {
              setInviting(false)
              setTab('invites')
            }}
          />
        </Suspense>
      )}
    </>
  )
}
