import { memo, type ReactNode, useEffect, useState } from 'react'
import type { Piece } from './highlight'
import styles from './markdown.module.css'

/** Longer code is shown plain: colouring it would hold up the page. */
const maxLength = 20_000
const cacheSize = 200

const looks: Record<string, string | undefined> = {
  keyword: styles.keyword,
  built_in: styles.keyword,
  type: styles.keyword,
  literal: styles.keyword,
  'selector-tag': styles.keyword,
  title: styles.name,
  attr: styles.name,
  attribute: styles.name,
  name: styles.name,
  property: styles.name,
  section: styles.name,
  string: styles.string,
  regexp: styles.string,
  number: styles.string,
  addition: styles.string,
  comment: styles.comment,
  quote: styles.comment,
  meta: styles.comment,
  deletion: styles.keyword,
}

const cache = new Map<string, Piece[]>()

/** Plain at first and coloured when the highlighter is here. Colour changes no width and no height, so nothing moves. */
export const Highlighted = memo(function Highlighted({ code, language }: { code: string; language: string }) {
  const key = `${language}\n${code}`
  const [, setReady] = useState(false)
  const known = cache.get(key)
  useEffect(() => {
    if (known || language === '' || code.length > maxLength) return
    let gone = false
    import('./highlight').then(
      ({ highlight }) => {
        const pieces = highlight(code, language.toLowerCase())
        if (!pieces) return
        cache.set(key, pieces)
        if (cache.size > cacheSize) cache.delete(cache.keys().next().value!)
        if (!gone) setReady(true)
      },
      () => {
        // Offline: plain code is readable too.
      },
    )
    return () => {
      gone = true
    }
  }, [known, key, code, language])
  return known ? render(known) : code
})

function render(pieces: readonly Piece[]): ReactNode {
  return pieces.map((piece, index) => {
    if (typeof piece === 'string') return piece
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity and never move.
      <span key={index} className={looks[piece.kind]}>
        {render(piece.pieces)}
      </span>
    )
  })
}
