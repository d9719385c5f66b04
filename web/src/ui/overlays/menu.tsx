import { CSPProvider } from '@base-ui/react/csp-provider'
import { Menu as Base } from '@base-ui/react/menu'
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import styles from './menu.module.css'

interface Props {
  anchor: Element | null
  label: string
  onClose: () => void
  children: ReactNode
}

/** A menu beside its button. Arrows move, letters jump, Esc closes. */
export function Menu({ anchor, label, onClose, children }: Props) {
  return (
    <CSPProvider disableStyleElements>
      <Base.Root open onOpenChange={(open) => !open && onClose()}>
        <Base.Portal>
          <Base.Positioner anchor={anchor} side="top" align="start" sideOffset={8} collisionPadding={8} className={styles.positioner}>
            <Base.Popup className={styles.popup} aria-label={label}>
              {children}
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
    </CSPProvider>
  )
}

export function MenuItem({ icon, children, onSelect }: { icon: ReactNode; children: ReactNode; onSelect: () => void }) {
  return (
    <Base.Item className={styles.item} onClick={onSelect}>
      {icon}
      {children}
    </Base.Item>
  )
}

interface ChoiceProps<T extends string> {
  label: string
  value: T
  options: readonly { value: T; label: string; icon: ReactNode }[]
  onChange: (value: T) => void
}

export function MenuChoice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <Base.Group>
      <Base.GroupLabel className={styles.label}>{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
        {options.map((option) => (
          <Base.RadioItem key={option.value} value={option.value} className={styles.item}>
            {option.icon}
            {option.label}
            <Base.RadioItemIndicator className={styles.check}>
              <Check size={16} aria-hidden="true" />
            </Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  )
}

export function MenuLine() {
  return <Base.Separator className={styles.line} />
}
