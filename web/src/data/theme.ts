import { createStore } from 'zustand/vanilla'

export const themes = ['light', 'dark', 'system'] as const
export type Theme = (typeof themes)[number]

function current(): Theme {
  const theme = document.documentElement.dataset.theme as Theme | undefined
  return theme && themes.includes(theme) ? theme : 'system'
}

/** The server reads the cookie and writes the theme into the page, so that the first paint is already right. */
export const themeStore = createStore<{ theme: Theme }>(() => ({ theme: current() }))

export function setTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser we support, and the server needs a cookie.
  document.cookie = `parley_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === 'https:' ? '; Secure' : ''}`
  themeStore.setState({ theme })
}
