import { useAuthOptions } from '@/data/options'
import type { Session } from '@/data/session'
import { limits } from '@/data/types'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import styles from './gate.module.css'
import { PasswordField } from './password-field'
import { useAuthForm } from './use-auth-form'

/** What a new account needs, with an invite or without. */
export function SignUpForm({ session, invite, onDone }: { session: Session; invite?: string; onDone?: () => void }) {
  const mails = useAuthOptions()?.password_reset
  const { busy, faults, submit } = useAuthForm(
    async (values) => {
      await session.signUp({
        username: String(values.get('username')).trim(),
        password: String(values.get('password')),
        display_name: String(values.get('display_name')).trim() || undefined,
        email: String(values.get('email') ?? '').trim() || undefined,
        invite,
      })
      onDone?.()
    },
    (problem) => t.auth.inviteProblems[problem.code],
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void submit(event.currentTarget)
      }}
    >
      {faults.general && (
        <p className={styles.alert} role="alert">
          {faults.general}
        </p>
      )}
      <TextField
        label={t.auth.username}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        required
        maxLength={limits.username}
        hint={t.auth.usernameHint}
        error={faults.fields.get('username')}
      />
      <TextField
        label={t.auth.displayName}
        name="display_name"
        autoComplete="name"
        maxLength={limits.displayName}
        hint={t.auth.displayNameHint}
        error={faults.fields.get('display_name')}
      />
      {mails && (
        <TextField
          label={t.email.field}
          name="email"
          type="email"
          autoComplete="email"
          maxLength={limits.email}
          hint={t.email.optional}
          error={faults.fields.get('email')}
        />
      )}
      <PasswordField fresh hint={t.auth.passwordHint} error={faults.fields.get('password')} />
      <Button type="submit" look="solid" wide busy={busy}>
        {busy ? t.auth.creatingAccount : t.auth.createAccount}
      </Button>
    </form>
  )
}
