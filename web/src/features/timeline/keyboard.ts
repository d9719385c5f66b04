import type { KeyboardEvent } from 'react'

/** Arrows walk through the messages; Home and End are left to scrolling. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
  const target = event.target as HTMLElement
  const log = event.currentTarget
  if (target !== log && target.tagName !== 'ARTICLE') return
  const articles = [...log.querySelectorAll<HTMLElement>('article')]
  const at = articles.indexOf(target)
  const next = at < 0 ? articles.at(-1) : articles[at + (event.key === 'ArrowUp' ? -1 : 1)]
  if (!next) return
  event.preventDefault()
  next.focus({ preventScroll: true })
  next.scrollIntoView({ block: 'nearest' })
}
