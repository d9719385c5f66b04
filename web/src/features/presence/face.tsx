import { useRef } from 'react'
import { useOnline } from '@/realtime/use-online'
import { Avatar } from '@/ui/avatar'

/** Somebody's avatar that tells whether they are online. `said` has it read aloud too: where a person is the subject, not where they have spoken. */
export function Face({ id, name, size, said }: { id: number; name: string; size?: 'xs' | 'sm'; said?: string }) {
  const ref = useRef<HTMLSpanElement>(null)
  const online = useOnline(id, ref)
  return (
    <>
      <Avatar ref={ref} id={id} name={name} size={size} online={online} />
      {said && online && <span className="sr">{said}</span>}
    </>
  )
}
