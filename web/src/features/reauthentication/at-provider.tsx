import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { data } from '@/data/api'
import { useAuthOptions } from '@/data/options'
import { provenElsewhere } from '@/data/proof'
import { t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { Fault } from './proof-dialog'
import styles from './proof-dialog.module.css'

/** Signs in anew at a provider, in a window of its own, so that what waits here still does. That window says when it is done. */
export function AtProvider({ id, onProven }: { id: string; onProven: () => void }) {
  const { api } = useChat()
  const name = useAuthOptions()?.providers.find((provider) => provider.id === id)?.name ?? t.providers.provider
  const go = useMutation({ mutationFn: (there: Window) => send(there) })
  const send = async (there: Window) => {
    try {
      const { location } = await data(api.POST('/api/v1/me/reauthenticate/provider', { body: { provider_id: id } }))
      there.location.replace(location)
    } catch (error) {
      there.close()
      throw error
    }
  }
  useEffect(() => {
    const channel = provenElsewhere()
    const stop = channel.listen(onProven)
    return () => {
      stop()
      channel.close()
    }
  }, [onProven])
  // Opened at the press itself: a window that comes later is one that browsers keep from opening.
  const open = () => {
    const there = window.open('', '_blank')
    if (there) go.mutate(there)
  }
  return (
    <>
      <Fault error={go.error} />
      <Button wide busy={go.isPending} onClick={open}>
        <span>
          {words.again.signInAt} <bdi>{name}</bdi>
        </span>
      </Button>
      {go.isSuccess && (
        <p role="status" className={styles.text}>
          {words.again.elsewhere}
        </p>
      )}
    </>
  )
}
