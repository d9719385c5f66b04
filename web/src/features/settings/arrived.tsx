import { useEffect } from 'react'
import { useStore } from 'zustand'
import { type Arrival, arrivalStore, forgetArrival } from '@/data/arrival'
import { useAuthOptions } from '@/data/options'
import { provenElsewhere } from '@/data/proof'
import { t } from '@/i18n'
import { toast } from '@/ui/toast'

/** Says once what a trip to a provider came to, to somebody who is signed in. */
export function Arrived() {
  const arrival = useStore(arrivalStore)
  return arrival.problem || arrival.connected || arrival.reauthenticated ? <Said {...arrival} /> : null
}

function Said({ problem, provider, connected, reauthenticated }: Arrival) {
  const options = useAuthOptions()
  useEffect(() => {
    if (!reauthenticated) return
    const channel = provenElsewhere()
    channel.post('proven')
    channel.close()
    toast(t.providers.goBack)
    forgetArrival()
    // It was opened for this. A browser that does not let it close shows what to do.
    window.close()
  }, [reauthenticated])
  useEffect(() => {
    if (!options || reauthenticated) return
    const name = options.providers.find(({ id }) => id === (connected ?? provider))?.name ?? t.providers.provider
    toast(problem ? t.providers.problem(problem, name) : t.providers.connected(name))
    forgetArrival()
  }, [options, problem, provider, connected, reauthenticated])
  return null
}
