import styles from './avatar.module.css'

const hues = [30, 75, 110, 145, 180, 205, 235, 260, 290, 320, 350, 12]

interface Props {
  id: number
  name: string
  size?: 'xs' | 'sm'
  online?: boolean
  ref?: React.Ref<HTMLSpanElement>
}

/**
 * The initials on the person's own colour, which follows from the id and so is the same everywhere; a dot beside them says "online". Whoever is
 * read to hears nothing of either: what is worth saying stands beside it.
 */
export function Avatar({ id, name, size, online, ref }: Props) {
  return (
    <span
      ref={ref}
      aria-hidden="true"
      data-online={online || undefined}
      className={size ? `${styles.avatar} ${styles[size]}` : styles.avatar}
      style={{ '--h': hues[(id * 7) % hues.length] } as React.CSSProperties}
    >
      {initials(name)}
    </span>
  )
}

function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words[1]].map((word) => [...word!][0]) : [...(words[0] ?? '?')].slice(0, 2)
  return letters.join('').toUpperCase()
}
