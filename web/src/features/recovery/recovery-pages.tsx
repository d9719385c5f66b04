import { useEffect, useState } from 'react'
import { ForgotPage } from './forgot-page'
import { ResetPage } from './reset-page'
import { VerifyPage } from './verify-page'

/** What comes before signing in when signing in does not work, and what links in mails lead to. */
export function RecoveryPages({ path }: { path: string }) {
  const token = useLinkToken()
  if (path === '/reset') return <ResetPage token={token} />
  if (path === '/verify') return <VerifyPage token={token} />
  return <ForgotPage />
}

/** The token of a link is after the `#`, which no server sees. It leaves the address bar and the history as soon as it was read. */
function useLinkToken(): string {
  const [token, setToken] = useState(() => location.hash.slice(1))
  useEffect(() => {
    const strip = () => history.replaceState(history.state, '', location.pathname)
    if (location.hash) strip()
    // Another link, pasted into the same tab, loads no new page.
    const changed = () => {
      if (!location.hash) return
      setToken(location.hash.slice(1))
      strip()
    }
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return token
}
