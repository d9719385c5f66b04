import type { ComponentProps, ReactNode } from 'react'
import { useStore } from 'zustand'
import { Face } from '@/features/presence'
import { momentOf, t, timeOf } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import styles from './message.module.css'

type Props = Omit<ComponentProps<'article'>, 'children'> & {
  author: number
  at: string
  grouped: boolean
  look?: string
  children: ReactNode
}

/** The place of a message: its author's name and time hang in the margin, on narrow screens above the text. */
export function MessageFrame({ author, at, grouped, look, children, ...rest }: Props) {
  const { users } = useChat()
  const user = useStore(users.store, (state) => state.users.get(author))
  const name = user?.display_name ?? t.timeline.unknownUser
  const time = timeOf(at)
  const stamp = (
    <time className="num" dateTime={at} title={momentOf(at)}>
      {time}
    </time>
  )
  const classes = [styles.message, !grouped && styles.first, look].filter(Boolean).join(' ')
  return (
    <article className={classes} aria-label={`${name}, ${time}`} tabIndex={-1} {...rest}>
      <div className={styles.who}>
        {grouped ? (
          stamp
        ) : (
          <>
            <div>
              <b title={user ? `@${user.username}` : undefined}>
                <bdi>{name}</bdi>
              </b>
              {stamp}
            </div>
            <Face id={author} name={name} />
          </>
        )}
      </div>
      <div className={styles.main}>
        {!grouped && (
          <div className={styles.name}>
            <b>
              <bdi>{name}</bdi>
            </b>
            {stamp}
          </div>
        )}
        {children}
      </div>
    </article>
  )
}
