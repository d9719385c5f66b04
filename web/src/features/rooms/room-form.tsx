import { limits } from '@/data/types'
import { t } from '@/i18n'
import { TextField } from '@/ui/field'

interface Props {
  faults: ReadonlyMap<string, string>
  name?: string
  topic?: string
}

/** What a room is called and what it is for: the same two fields when it is made and when it changes. */
export function RoomFields({ faults, name, topic }: Props) {
  return (
    <>
      <TextField
        label={t.rooms.name}
        name="name"
        required
        autoFocus
        autoComplete="off"
        maxLength={limits.roomName}
        defaultValue={name}
        error={faults.get('name')}
      />
      <TextField
        label={t.rooms.topic}
        name="topic"
        autoComplete="off"
        maxLength={limits.topic}
        placeholder={t.rooms.topicHint}
        defaultValue={topic}
        error={faults.get('topic')}
      />
    </>
  )
}
