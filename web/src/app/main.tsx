import '@/ui/styles/fonts.css'
import '@/ui/styles/tokens.css'
import '@/ui/styles/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Session } from '@/data/session'
import { App } from './app'
import { CrashBoundary } from './crash-boundary'

const session = new Session()
void session.start()

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <CrashBoundary>
      <App session={session} />
    </CrashBoundary>
  </StrictMode>,
)
