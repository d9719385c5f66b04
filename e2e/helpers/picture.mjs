import { mkdir } from 'node:fs/promises'
import path from 'node:path'

/** A picture for whoever wants to look: PARLEY_PICTURES names the folder. @param {import('./person.mjs').Person} person @param {string} name */
export async function picture(person, name) {
  const folder = process.env.PARLEY_PICTURES
  if (!folder) return
  await mkdir(folder, { recursive: true })
  for (const [look, size, colorScheme] of /** @type {const} */ ([
    ['light', { width: 1280, height: 900 }, 'light'],
    ['dark', { width: 1280, height: 900 }, 'dark'],
    ['phone', { width: 390, height: 844 }, 'light'],
  ])) {
    await person.page.setViewportSize(size)
    await person.page.emulateMedia({ colorScheme })
    await person.page.screenshot({ path: path.join(folder, `${name}-${look}.png`), animations: 'disabled' })
  }
  await person.page.setViewportSize({ width: 1280, height: 900 })
}
