import { Eye, EyeOff } from 'lucide-react'
import { useState } from 'react'
import { t } from '@/i18n'
import { TextField } from '@/ui/field'
import { IconButton } from '@/ui/icon-button'

export function PasswordField({ error, hint, fresh }: { error?: string; hint?: string; fresh?: boolean }) {
  const [shown, setShown] = useState(false)
  return (
    <TextField
      label={t.auth.password}
      name="password"
      type={shown ? 'text' : 'password'}
      autoComplete={fresh ? 'new-password' : 'current-password'}
      required
      hint={hint}
      error={error}
      end={
        <IconButton small label={shown ? t.auth.hidePassword : t.auth.showPassword} aria-pressed={shown} onClick={() => setShown(!shown)}>
          {shown ? <EyeOff size={17} /> : <Eye size={17} />}
        </IconButton>
      }
    />
  )
}
