import { lazy, Suspense } from 'react'
import { Route, Switch, useRoute } from 'wouter'
import { Sidebar } from '@/features/rooms'
import { MeBar } from '@/features/settings'
import { t } from '@/i18n'
import { Skeleton } from '@/ui/skeleton'
import { ConnectionBanner } from './connection-banner'
import { Home } from './home'
import { RoomPage } from './room-page'
import styles from './shell.module.css'
import { useShortcuts } from './use-shortcuts'

const BrowsePage = lazy(() => import('@/features/rooms/browse-page'))
const PeoplePage = lazy(() => import('@/features/people/people-page'))

/** Sidebar, sheet, panel. Under 720 px one of them is the page, and the address says which. */
export function Shell({ onSignOut }: { onSignOut: () => void }) {
  const [inRoom, params] = useRoute('/rooms/:id/:panel?')
  const [inBrowse] = useRoute('/browse')
  const [inPeople] = useRoute('/people')
  const roomId = inRoom ? Number(params.id) : undefined
  useShortcuts(roomId)
  const panelOpen = inRoom && params.panel === 'details'
  const pane = panelOpen ? 'panel' : inRoom || inBrowse || inPeople ? 'main' : 'list'
  return (
    <div className={styles.shell} data-pane={pane} data-panel={panelOpen || undefined}>
      <Sidebar current={roomId}>
        <MeBar onSignOut={onSignOut} />
      </Sidebar>
      <Switch>
        <Route path="/browse">
          <main className={styles.sheet}>
            <ConnectionBanner />
            <Suspense fallback={<Skeleton rows={6} label={t.loading} />}>
              <BrowsePage />
            </Suspense>
          </main>
        </Route>
        <Route path="/people">
          <main className={styles.sheet}>
            <ConnectionBanner />
            <Suspense fallback={<Skeleton rows={6} label={t.loading} />}>
              <PeoplePage />
            </Suspense>
          </main>
        </Route>
        <Route path="/rooms/:id/:panel?">{roomId !== undefined && <RoomPage key={roomId} roomId={roomId} panelOpen={panelOpen} />}</Route>
        <Route>
          <main className={styles.sheet}>
            <ConnectionBanner />
            <Home />
          </main>
        </Route>
      </Switch>
    </div>
  )
}
