import styles from './mark.module.css'

/** Parley's sign: a speech flag that is also a P. */
export function Mark({ large }: { large?: boolean }) {
  return (
    <span className={large ? `${styles.mark} ${styles.large}` : styles.mark} aria-hidden="true">
      <svg
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.2"
        strokeLinecap="round"
        strokeLinejoin="round"
        role="presentation"
      >
        <path d="M5 20V5.5A1.5 1.5 0 0 1 6.5 4H13a5.5 5.5 0 0 1 0 11H9.5L5 20Z" />
        <path d="M9.5 9.5h4" />
      </svg>
    </span>
  )
}
