const allowed = new Set(['http:', 'https:', 'mailto:'])

/** The address if a link may lead there, else nothing. Relative addresses are refused: a message has no place to be relative to. */
export function safeUrl(href: string): string | undefined {
  try {
    const url = new URL(href)
    return allowed.has(url.protocol) ? url.href : undefined
  } catch {
    return undefined
  }
}
