import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { t } from '@/i18n'
import { IconButton } from '@/ui/icon-button'
import { Highlighted } from './highlighted'
import styles from './markdown.module.css'

const copiedMs = 1600

export function CodeBlock({ code, language }: { code: string; language: string }) {
  const [copied, setCopied] = useState(false)
  const name = /^[\w+#.-]{1,24}/.exec(language)?.[0] ?? ''
  const copy = async () => {
    await navigator.clipboard.writeText(code)
    setCopied(true)
    setTimeout(() => setCopied(false), copiedMs)
  }
  return (
    <div className={styles.code}>
      <header>
        {name}
        <IconButton small label={copied ? t.timeline.copied : t.timeline.copyCode} onClick={() => void copy()}>
          {copied ? <Check size={15} /> : <Copy size={15} />}
        </IconButton>
      </header>
      {/* biome-ignore-start lint/a11y: long lines scroll, and the keyboard must be able to reach and scroll them. */}
      <pre tabIndex={0} role="region" aria-label={t.timeline.code(name)}>
        <Highlighted code={code} language={name} />
      </pre>
      {/* biome-ignore-end lint/a11y: long lines scroll, and the keyboard must be able to reach and scroll them. */}
    </div>
  )
}
