import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import styles from './toast.module.css'

const shownMs = 6000

const store = createStore<{ text: string; id: number }>(() => ({ text: '', id: 0 }))
let timer: ReturnType<typeof setTimeout> | undefined

/** One line at the foot of the page, for what went wrong away from where one looks. */
export function toast(text: string): void {
  clearTimeout(timer)
  store.setState({ text, id: store.getState().id + 1 })
  timer = setTimeout(() => store.setState({ text: '' }), shownMs)
}

export function Toaster() {
  const { text, id } = useStore(store)
  return (
    <div role="status" className={styles.toaster}>
      {text && (
        <p key={id} className={styles.toast}>
          {text}
        </p>
      )}
    </div>
  )
}
