import { once } from 'node:events'
import { SMTPServer } from 'smtp-server'
import { until } from './until.mjs'

/** A mail as far as the tests read it. @typedef {{ to: string, subject: string, text: string, link: string | undefined }} Mail */

/** A mail server on this machine that keeps what it is given. */
export class Mailbox {
  /** @type {Mail[]} */ #mails = []
  /** @type {SMTPServer} */ #server

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, session, done) => {
        /** @type {Buffer[]} */
        const parts = []
        stream.on('data', (part) => parts.push(part))
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address).join(', ')
          this.#mails.push(read(to, Buffer.concat(parts).toString('latin1')))
          done()
        })
      },
    })
  }

  static async open() {
    const box = new Mailbox()
    box.#server.listen(0, '127.0.0.1')
    await once(box.#server.server, 'listening')
    return box
  }

  /** The settings that make a server send its mail here. @returns {Record<string, string>} */
  get settings() {
    const address = this.#server.server.address()
    if (!address || typeof address === 'string') throw new Error('the mail server does not listen')
    return { PARLEY_SMTP_URL: `smtp://127.0.0.1:${address.port}?starttls=off`, PARLEY_MAIL_FROM: 'Parley <parley@example.org>' }
  }

  /** Waits for a mail and takes it out. @param {string} to @param {RegExp} subject @returns {Promise<Mail>} */
  async next(to, subject) {
    /** @type {Mail | undefined} */
    let found
    await until(`a mail to ${to} about ${subject}`, async () => {
      const at = this.#mails.findIndex((mail) => mail.to === to && subject.test(mail.subject))
      if (at >= 0) [found] = this.#mails.splice(at, 1)
      return found !== undefined
    })
    return /** @type {Mail} */ (found)
  }

  close() {
    return new Promise((resolve) => this.#server.close(() => resolve(undefined)))
  }
}

/** @param {string} to @param {string} raw @returns {Mail} */
function read(to, raw) {
  const subject = /^Subject: (.*(?:\r\n\s.*)*)/m.exec(raw)?.[1] ?? ''
  const part = /Content-Type: text\/plain[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(raw)?.[1] ?? ''
  const bytes = part.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  return { to, subject, text, link: /https?:\S+#\S+/.exec(text)?.[0] }
}
