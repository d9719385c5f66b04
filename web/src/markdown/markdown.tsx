import type { Tokens } from 'marked'
import { Fragment, memo, type ReactNode } from 'react'
import { CodeBlock } from './code-block'
import styles from './markdown.module.css'
import { maxDepth, parse, parseMessage, type Token } from './parse'
import { safeUrl } from './url'

/** A message's Markdown as React elements. HTML in it is text like any other; nothing here makes HTML. */
export const Markdown = memo(function Markdown({ source, cacheKey }: { source: string; cacheKey?: string }) {
  const tokens = cacheKey === undefined ? parse(source) : parseMessage(cacheKey, source)
  return <div className={styles.body}>{renderAll(tokens, 0)}</div>
})

function renderAll(tokens: readonly Token[] | undefined, depth: number): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity and never move; a new text is a new tree.
  return tokens?.map((token, index) => <Fragment key={index}>{render(token, depth)}</Fragment>)
}

function render(token: Token, depth: number): ReactNode {
  if (depth > maxDepth) return token.raw
  const inside = () => renderAll((token as { tokens?: Token[] }).tokens, depth + 1)
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'paragraph':
      return <p>{inside()}</p>
    case 'heading':
      // A message is no document: its headings must not join the page's outline.
      return (
        <p>
          <strong className={styles.heading}>{inside()}</strong>
        </p>
      )
    case 'text':
      return 'tokens' in token && token.tokens ? inside() : unescapeText(token as Tokens.Text)
    case 'escape':
      return (token as Tokens.Escape).text
    case 'strong':
      return <strong>{inside()}</strong>
    case 'em':
      return <em>{inside()}</em>
    case 'del':
      return <del>{inside()}</del>
    case 'br':
      return <br />
    case 'hr':
      return <hr />
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>
    case 'code':
      return <CodeBlock code={(token as Tokens.Code).text} language={(token as Tokens.Code).lang ?? ''} />
    case 'blockquote':
      return <blockquote>{inside()}</blockquote>
    case 'link':
      return link(token as Tokens.Link, inside())
    case 'image':
      return link(token as Tokens.Image, (token as Tokens.Image).text || (token as Tokens.Image).href)
    case 'list':
      return list(token as Tokens.List, depth)
    case 'table':
      return table(token as Tokens.Table, depth)
    default:
      return token.raw
  }
}

function unescapeText(token: Tokens.Text): string {
  return token.text
}

function link(token: Tokens.Link | Tokens.Image, children: ReactNode): ReactNode {
  const href = safeUrl(token.href)
  if (!href) return token.raw
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
      {children}
    </a>
  )
}

function list(token: Tokens.List, depth: number): ReactNode {
  const items = token.items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: see renderAll.
    <li key={index} className={item.task ? styles.task : undefined}>
      {item.task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label={item.text} />}
      {renderAll(
        item.tokens.filter((child) => child.type !== 'checkbox'),
        depth + 1,
      )}
    </li>
  ))
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>
}

function table(token: Tokens.Table, depth: number): ReactNode {
  const cell = (content: Tokens.TableCell) => renderAll(content.tokens, depth + 1)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, and the keyboard must be able to scroll it.
    <div className={styles.table} tabIndex={0} role="group">
      <table>
        <thead>
          {/* biome-ignore-start lint/suspicious/noArrayIndexKey: see renderAll. */}
          <tr>
            {token.header.map((content, index) => (
              <th key={index}>{cell(content)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>
              {row.map((content, column) => (
                <td key={column}>{cell(content)}</td>
              ))}
            </tr>
          ))}
          {/* biome-ignore-end lint/suspicious/noArrayIndexKey: see renderAll. */}
        </tbody>
      </table>
    </div>
  )
}
