import { t } from '@/i18n'
import { Confirm } from '@/ui/overlays'

export default function DeleteQuestion({ onGo, onClose }: { onGo: () => void; onClose: () => void }) {
  return (
    <Confirm
      title={t.timeline.deleteTitle}
      description={t.timeline.deleteHint}
      go={t.timeline.deleteGo}
      cancel={t.cancel}
      closeLabel={t.close}
      onGo={onGo}
      onClose={onClose}
    />
  )
}
