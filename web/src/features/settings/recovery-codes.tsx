import { useState } from 'react'
import { t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { Button } from '@/ui/button'
import formStyles from '@/ui/form.module.css'
import styles from './two-step.module.css'

/** The recovery codes, once. Nobody can show them again, so they leave only when their owner says that they are kept. */
export function RecoveryCodes({ codes, onKept }: { codes: readonly string[]; onKept: () => void }) {
  const [copied, setCopied] = useState(false)
  const text = codes.join('\n')
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
  }
  return (
    <>
      <p className={styles.text} role="status">
        {words.twoStep.codesShown}
      </p>
      <ul className={styles.codes} aria-label={words.twoStep.codesTitle}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className={formStyles.actions}>
        {navigator.clipboard && <Button onClick={() => void copy()}>{copied ? t.timeline.copied : words.twoStep.copy}</Button>}
        <Button onClick={() => download(`${words.twoStep.fileTitle(location.host)}\n\n${text}\n`)}>{words.twoStep.download}</Button>
        <Button look="solid" onClick={onKept}>
          {words.twoStep.kept}
        </Button>
      </div>
    </>
  )
}

function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = words.twoStep.fileName
  link.click()
  URL.revokeObjectURL(url)
}
