import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { useStore } from 'zustand'
import { data } from '@/data/api'
import { inviteLink, invitesKey, may, type ServerRole } from '@/data/people'
import { ProblemError } from '@/data/problem'
import { byName } from '@/data/rooms-store'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { useRole } from '@/realtime/use-role'
import { Button } from '@/ui/button'
import { Field, TextField } from '@/ui/field'
import formStyles from '@/ui/form.module.css'
import { Dialog } from '@/ui/overlays'
import styles from './people.module.css'

const hour = 3600
const lives = { hour, day: 24 * hour, week: 7 * 24 * hour, month: 30 * 24 * hour } as const
const uses = [1, 5, 10, 25, 100, 1000] as const
const kinds = {
  member: { label: t.people.inviteMember, hint: t.people.inviteMemberHint },
  admin: { label: t.people.inviteAdmin, hint: t.people.inviteAdminHint },
  owner: { label: '', hint: '' },
} as const

/** Makes a link, and then shows it, once. */
export default function InviteDialog({ onClose }: { onClose: () => void }) {
  const [link, setLink] = useState<string>()
  return (
    <Dialog title={link ? t.people.madeTitle : t.people.inviteTitle} closeLabel={t.close} onClose={onClose}>
      {link ? <Made link={link} onClose={onClose} /> : <Making onMade={setLink} onClose={onClose} />}
    </Dialog>
  )
}

function Making({ onMade, onClose }: { onMade: (link: string) => void; onClose: () => void }) {
  const { api, rooms } = useChat()
  const queries = useQueryClient()
  const mine = byName(useStore(rooms.store).rooms)
  const { mutate, isPending, error } = useMutation({
    mutationFn: (values: FormData) =>
      data(
        api.POST('/api/v1/admin/invites', {
          body: {
            role: String(values.get('role') ?? 'member') as ServerRole,
            max_uses: Number(values.get('max_uses')),
            expires_in: Number(values.get('expires_in')),
            room_id: Number(values.get('room_id')) || undefined,
            note: String(values.get('note') ?? '').trim() || undefined,
          },
        }),
      ),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: invitesKey })
      onMade(inviteLink(made.token))
    },
  })
  const faults = error instanceof ProblemError ? error.fields : undefined
  const offered = may.inviteAs(useRole())
  return (
    <form
      className={formStyles.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (!isPending) mutate(new FormData(event.currentTarget))
      }}
    >
      {error && !faults?.size && (
        <p role="alert" className={formStyles.alert}>
          {error instanceof ProblemError ? error.message : t.notReachable}
        </p>
      )}
      {offered.length > 1 && (
        <fieldset className={formStyles.kinds}>
          <legend>{t.people.inviteRole}</legend>
          {offered.map((role, index) => (
            <div key={role} className={formStyles.kind}>
              <input
                type="radio"
                name="role"
                id={`as-${role}`}
                value={role}
                defaultChecked={index === 0}
                aria-describedby={`as-${role}-hint`}
              />
              <label htmlFor={`as-${role}`}>{kinds[role].label}</label>
              <small id={`as-${role}-hint`}>{kinds[role].hint}</small>
            </div>
          ))}
        </fieldset>
      )}
      <div className={styles.pair}>
        <Field label={t.people.inviteUses} error={faults?.get('max_uses')}>
          {(ids) => (
            <select {...ids} name="max_uses" className={styles.select} defaultValue={1}>
              {uses.map((count) => (
                <option key={count} value={count}>
                  {count}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t.people.inviteLife} error={faults?.get('expires_in')}>
          {(ids) => (
            <select {...ids} name="expires_in" className={styles.select} defaultValue={lives.week}>
              {Object.entries(lives).map(([name, seconds]) => (
                <option key={name} value={seconds}>
                  {t.people.lives[name as keyof typeof lives]}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <Field label={t.people.inviteRoom} error={faults?.get('room_id')}>
        {(ids) => (
          <select {...ids} name="room_id" className={styles.select} defaultValue="">
            <option value="">{t.people.anyRoom}</option>
            {mine.map((room) => (
              <option key={room.id} value={room.id}>
                #{room.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <TextField
        label={t.people.inviteNote}
        name="note"
        autoComplete="off"
        maxLength={80}
        hint={t.people.inviteNoteHint}
        error={faults?.get('note')}
      />
      <div className={formStyles.actions}>
        <Button onClick={onClose}>{t.cancel}</Button>
        <Button type="submit" look="solid" busy={isPending}>
          {isPending ? t.people.making : t.people.inviteGo}
        </Button>
      </div>
    </form>
  )
}

function Made({ link, onClose }: { link: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(link)
    setCopied(true)
  }
  return (
    <div className={formStyles.form}>
      <p className={styles.hint}>{t.people.madeHint}</p>
      <TextField label={t.people.link} value={link} readOnly autoFocus onFocus={(event) => event.currentTarget.select()} />
      <div className={formStyles.actions}>
        <Button onClick={onClose}>{t.people.done}</Button>
        <Button look="solid" onClick={() => void copy().catch(() => setCopied(false))}>
          {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}{' '}
          {copied ? t.people.copied : t.people.copy}
        </Button>
      </div>
      <p role="status" className={styles.said}>
        {copied ? t.people.copied : ''}
      </p>
    </div>
  )
}
