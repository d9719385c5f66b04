import { Lexer, type Token } from 'marked'

export type { Token }

/** Deeper than anybody writes by hand; what lies below is shown as it was typed. */
export const maxDepth = 8
const maxTokens = 2000
const cacheSize = 2000

const cache = new Map<string, readonly Token[]>()

/** The tokens of a message, remembered by id and revision: a row that is scrolled out and back is not parsed again. */
export function parseMessage(key: string, source: string): readonly Token[] {
  const known = cache.get(key)
  if (known) return known
  const tokens = parse(source)
  cache.set(key, tokens)
  if (cache.size > cacheSize) cache.delete(cache.keys().next().value!)
  return tokens
}

/**
 * Markdown to tokens. The lexer works by recursion and regular expressions, so a text built to exhaust it is shown as plain text: it must
 * never cost the reader more than a blink.
 */
export function parse(source: string): readonly Token[] {
  if (isHostile(source)) return plain(source)
  try {
    const tokens = new Lexer({ gfm: true, breaks: true }).lex(source)
    return countTokens(tokens, maxTokens) > maxTokens ? plain(source) : tokens
  } catch {
    return plain(source)
  }
}

/** Nested quotes and runs of one kind of bracket or mark are what makes a Markdown lexer slow; nobody writes them. */
function isHostile(source: string): boolean {
  return (
    /^[ \t]*(?:>[ \t]*){12}/m.test(source) ||
    /([[(<*_~`!])(?:\s?\1){63}/.test(source) ||
    /^(?:[ \t]{0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+){8}/m.test(source)
  )
}

function plain(source: string): readonly Token[] {
  return [{ type: 'paragraph', raw: source, text: source, tokens: [{ type: 'text', raw: source, text: source }] } as Token]
}

function countTokens(tokens: readonly Token[], limit: number): number {
  let count = 0
  const queue: Token[] = [...tokens]
  for (let token = queue.pop(); token && count <= limit; token = queue.pop()) {
    count++
    if ('tokens' in token && token.tokens) queue.push(...token.tokens)
    if (token.type === 'list') queue.push(...(token as { items: Token[] }).items)
  }
  return count
}
