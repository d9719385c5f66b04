import { en, type Texts } from './en'

/** The texts of the language in use. There is one so far; choosing another happens here and nowhere else. */
export const t: Texts = en

const clock = new Intl.DateTimeFormat(t.locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const weekday = new Intl.DateTimeFormat(t.locale, { weekday: 'long' })
const shortDay = new Intl.DateTimeFormat(t.locale, { day: 'numeric', month: 'long' })
const plainDay = new Intl.DateTimeFormat(t.locale, { day: 'numeric', month: 'long', year: 'numeric' })
const full = new Intl.DateTimeFormat(t.locale, { dateStyle: 'full', timeStyle: 'short' })

export const timeOf = (iso: string): string => clock.format(new Date(iso))
export const momentOf = (iso: string): string => full.format(new Date(iso))
export const dateOf = (iso: string): string => plainDay.format(new Date(iso))

export function dayOf(iso: string): string {
  const date = new Date(iso)
  const day = date.getFullYear() === new Date().getFullYear() ? shortDay : plainDay
  return `${weekday.format(date)}, ${day.format(date)}`
}

/** The reader's own calendar day, so that midnight and a change of clocks fall where they fall for the reader. */
export function dayKey(iso: string): string {
  const date = new Date(iso)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}
