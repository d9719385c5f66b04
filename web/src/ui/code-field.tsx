import { useState } from 'react'
import { words } from '@/i18n/proofs'
import { Button } from './button'
import { TextField } from './field'

/** A code of an authenticator app, or a recovery code for whoever has lost it. The form gets `code` or `recovery_code`. */
export function CodeField({
  faults,
  recovery = true,
  autoFocus,
}: {
  faults?: ReadonlyMap<string, string>
  recovery?: boolean
  autoFocus?: boolean
}) {
  const [lost, setLost] = useState(false)
  return (
    <>
      {lost ? (
        <TextField
          key="recovery"
          label={words.twoStep.recoveryCode}
          name="recovery_code"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          maxLength={64}
          hint={words.twoStep.recoveryHint}
          error={faults?.get('recovery_code')}
        />
      ) : (
        <TextField
          key="code"
          label={words.twoStep.code}
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus={autoFocus}
          required
          maxLength={16}
          hint={words.twoStep.codeHint}
          error={faults?.get('code')}
        />
      )}
      {recovery && (
        <Button look="quiet" onClick={() => setLost(!lost)}>
          {lost ? words.twoStep.useApp : words.twoStep.useRecovery}
        </Button>
      )}
    </>
  )
}
