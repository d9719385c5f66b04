import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { NetworkError, ProblemError } from '@/data/problem'
import type { Session } from '@/data/session'
import { PasskeyCancelled } from '@/data/webauthn'
import { t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { Button } from '@/ui/button'
import styles from './gate.module.css'

/** Signs in with whichever passkey the browser offers. */
export default function PasskeyButton({ session }: { session: Session }) {
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  const go = async () => {
    setBusy(true)
    setFault(undefined)
    try {
      await session.signInWithPasskey()
    } catch (error) {
      setFault(explain(error))
      setBusy(false)
    }
  }
  return (
    <>
      {fault && (
        <p className={styles.alert} role="alert">
          {fault}
        </p>
      )}
      <Button wide busy={busy} onClick={() => void go()}>
        <KeyRound size={16} aria-hidden="true" />
        {busy ? words.passkeys.waiting : words.passkeys.signIn}
      </Button>
    </>
  )
}

function explain(error: unknown): string {
  if (error instanceof PasskeyCancelled) return words.passkeys.cancelled
  if (error instanceof NetworkError) return t.notReachable
  if (error instanceof ProblemError) return error.code === 'bad_passkey' ? words.passkeys.unknown : error.message
  throw error
}
