/** The phone's keyboard covers half of the screen: on a touch screen a field is focused by the finger only. */
export const isTouch = (): boolean => matchMedia('(hover: none) and (pointer: coarse)').matches

export function focusComposer(): void {
  if (!isTouch()) document.querySelector<HTMLElement>('[data-composer]')?.focus({ preventScroll: true })
}

export function isEditable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}
