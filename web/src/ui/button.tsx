import type { ComponentProps } from 'react'
import styles from './button.module.css'

type Props = ComponentProps<'button'> & { look?: 'solid' | 'outline' | 'danger' | 'quiet'; busy?: boolean; wide?: boolean }

/** A busy button keeps its focus and its name, and does nothing. */
export function Button({ look = 'outline', busy, wide, className, onClick, type = 'button', ...rest }: Props) {
  const classes = [styles.button, styles[look], wide && styles.wide, className].filter(Boolean).join(' ')
  return (
    <button
      type={type}
      aria-disabled={busy || undefined}
      className={classes}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    />
  )
}
