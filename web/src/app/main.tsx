import '@/ui/styles/fonts.css'
import '@/ui/styles/tokens.css'
import '@/ui/styles/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Session } from '@/data/session'
import { App, loadInside } from './app'
import { CrashBoundary } from './crash-boundary'

const session = new Session()
void session.start()
// The room is on its way while the session is still being asked for.
if (Session.likely()) void loadInside()

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <CrashBoundary>
      <App session={session} />
    </CrashBoundary>
  </StrictMode>,
)
