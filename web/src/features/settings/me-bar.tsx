import { Settings2 } from 'lucide-react'
import { lazy, Suspense, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Avatar } from '@/ui/avatar'
import { IconButton } from '@/ui/icon-button'
import styles from './me-bar.module.css'

const UserMenu = lazy(() => import('./user-menu'))
const AccountDialog = lazy(() => import('./account-dialog'))

/** Who I am, at the foot of the sidebar, and the way to my menu. */
export function MeBar({ onSignOut }: { onSignOut: () => void }) {
  const { me, connection } = useChat()
  const connected = useStore(connection.store, ({ state }) => state === 'connected')
  const [open, setOpen] = useState(false)
  const [account, setAccount] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  return (
    <div className={styles.me}>
      <Avatar id={me.id} name={me.display_name} online={connected} />
      <div className={styles.names}>
        <b>
          <bdi>{me.display_name}</bdi>
        </b>
        <small>@{me.username}</small>
      </div>
      <IconButton ref={button} label={t.user.menu} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Settings2 size={18} />
      </IconButton>
      {open && (
        <Suspense>
          <UserMenu anchor={button.current} onClose={() => setOpen(false)} onAccount={() => setAccount(true)} onSignOut={onSignOut} />
        </Suspense>
      )}
      {account && (
        <Suspense>
          <AccountDialog onClose={() => setAccount(false)} onSignOut={onSignOut} />
        </Suspense>
      )}
    </div>
  )
}
