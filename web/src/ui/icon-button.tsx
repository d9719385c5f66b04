import type { ComponentProps } from 'react'
import styles from './icon-button.module.css'

type Props = Omit<ComponentProps<'button'>, 'aria-label'> & { label: string; small?: boolean; on?: boolean }

/** A button that shows only an icon; its name is for those who do not see the icon, and for those who rest on it. */
export function IconButton({ label, small, on, className, ...rest }: Props) {
  const classes = [styles.button, small && styles.small, on && styles.on, className].filter(Boolean).join(' ')
  return <button type="button" aria-label={label} title={label} className={classes} {...rest} />
}
