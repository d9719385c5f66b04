import styles from './skeleton.module.css'

/** Grey lines where content will be. They wait 150 ms before they show: what comes at once needs no stand-in. */
export function Skeleton({ rows, label, look = 'lines' }: { rows: number; label: string; look?: 'lines' | 'messages' }) {
  return (
    <div className={`${styles.skeleton} ${styles[look]}`} role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: nothing here has an identity.
        <div key={row} className={styles.row} style={{ '--w': `${46 + ((row * 37) % 44)}%` } as React.CSSProperties} />
      ))}
    </div>
  )
}
