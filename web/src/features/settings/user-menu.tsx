import { KeyRound, LogOut, Monitor, Moon, Sun, Users } from 'lucide-react'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { useStore } from 'zustand'
import { may } from '@/data/people'
import { setTheme, themeStore } from '@/data/theme'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { useRole } from '@/realtime/use-role'
import { Confirm, Menu, MenuChoice, MenuItem, MenuLine } from '@/ui/overlays'

const options = [
  { value: 'light', label: t.user.light, icon: <Sun size={16} /> },
  { value: 'dark', label: t.user.dark, icon: <Moon size={16} /> },
  { value: 'system', label: t.user.system, icon: <Monitor size={16} /> },
] as const

interface Props {
  anchor: Element | null
  onClose: () => void
  onAccount: () => void
  onSignOut: () => void
}

/** Theme, account and sign-out. What was not sent yet would be lost by signing out, so that is asked first. */
export default function UserMenu({ anchor, onClose, onAccount, onSignOut }: Props) {
  const { outbox } = useChat()
  const role = useRole()
  const [, navigate] = useLocation()
  const [asking, setAsking] = useState(false)
  const unsent = useStore(outbox.store, (state) => state.waiting.size)
  const { theme } = useStore(themeStore)
  if (asking) {
    return (
      <Confirm
        title={t.user.signOutTitle}
        description={t.user.signOutUnsent(unsent)}
        go={t.user.signOut}
        cancel={t.cancel}
        closeLabel={t.close}
        onGo={onSignOut}
        onClose={onClose}
      />
    )
  }
  return (
    <Menu anchor={anchor} label={t.user.menu} onClose={onClose}>
      <MenuChoice label={t.user.theme} value={theme} options={options} onChange={setTheme} />
      <MenuLine />
      <MenuItem icon={<KeyRound size={16} />} onSelect={onAccount}>
        {t.account.title}
      </MenuItem>
      {may.manage(role) && (
        <MenuItem icon={<Users size={16} />} onSelect={() => navigate('/people')}>
          {t.people.title}
        </MenuItem>
      )}
      <MenuItem
        icon={<LogOut size={16} />}
        onSelect={() => {
          if (unsent > 0) setAsking(true)
          else onSignOut()
        }}
      >
        {t.user.signOut}
      </MenuItem>
    </Menu>
  )
}
