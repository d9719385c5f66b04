package service

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"parley/internal/chat"
	"parley/internal/mail"
	"parley/internal/store"
)

// MailDeps are what mails are sent with.
type MailDeps struct {
	// Sender is nil where no mail is sent.
	Sender mail.Sender
	// Site is the address that people type.
	Site *url.URL
	// Alerts says whether people are written to about new devices and copied sessions.
	Alerts bool
	// Within reports whether one more mail with a link may go to an address.
	Within  func(ctx context.Context, address string) bool
	Metrics *mail.Metrics
}

// Mails are what waits to be sent. Whoever wants one sent only notes it, which takes the same time whoever it is for, and is answered before
// anything is looked up or sent. Any node sends it: at least once, and almost always once.
type Mails struct {
	MailDeps
	store   *store.Store
	tickets *tickets
	clock   chat.Clock
	log     *slog.Logger
	noted   chan struct{}
}

const (
	// mailLease is how long a mail belongs to the node that sends it: longer than sending can take.
	mailLease = 2 * time.Minute
	// verifyLife and resetLife are how long the links work. A reset is asked for by somebody who sits and waits.
	verifyLife = 24 * time.Hour
	resetLife  = 30 * time.Minute
	// mailLife is for how long a mail is tried: what happened a day ago is no news, and who waited an hour for a reset has asked again.
	mailLife      = 24 * time.Hour
	resetMailLife = time.Hour
)

// On reports whether this server sends mail.
func (m *Mails) On() bool { return m.Sender != nil }

// Noted delivers something when there is a mail to send, and nobody has looked since.
func (m *Mails) Noted() <-chan struct{} { return m.noted }

// note stores a mail to be sent. Where no mail is sent it does nothing.
func (m *Mails) note(ctx context.Context, n chat.Mail) error {
	if !m.On() {
		return nil
	}
	n.At = now(m.clock)
	if err := m.store.InsertMail(ctx, n); err != nil {
		return err
	}
	select {
	case m.noted <- struct{}{}:
	default: // somebody is told already
	}
	return nil
}

// noteLate notes a mail about what has happened already; failing is only worth a line in the log.
func (m *Mails) noteLate(ctx context.Context, n chat.Mail) {
	if err := m.note(ctx, n); err != nil {
		m.log.ErrorContext(ctx, "mail not noted", slog.String("kind", string(n.Kind)), slog.Int64("user_id", int64(n.User)), slog.Any("error", err))
	}
}

// mailOf says which notices go out by mail too.
var mailOf = map[chat.NoticeKind]chat.MailKind{
	chat.NoticeSessionOpened:   chat.MailSessionOpened,
	chat.NoticeSessionReused:   chat.MailSessionReused,
	chat.NoticePasswordChanged: chat.MailPasswordChanged,
	chat.NoticePasswordReset:   chat.MailPasswordReset,

	chat.NoticeTwoFactorEnabled:  chat.MailTwoFactorEnabled,
	chat.NoticeTwoFactorDisabled: chat.MailTwoFactorDisabled,
	chat.NoticeRecoveryUsed:      chat.MailRecoveryUsed,
	chat.NoticePasskeyAdded:      chat.MailPasskeyAdded,
	chat.NoticePasskeyCopied:     chat.MailPasskeyCopied,
	chat.NoticeIdentityLinked:    chat.MailIdentityLinked,
}

// noteNotice notes the mail that goes with a notice, if there is one. The alarms can be turned off; that something else signs a person in
// now cannot.
func (m *Mails) noteNotice(ctx context.Context, n chat.Notice) {
	kind, there := mailOf[n.Kind]
	alarm := n.Kind == chat.NoticeSessionOpened || n.Kind == chat.NoticeSessionReused
	if there && (m.Alerts || !alarm) {
		m.noteLate(ctx, chat.Mail{Kind: kind, User: n.User, Device: n.Device})
	}
}

// SendNext sends the mail that has been due the longest. It reports false when none is due. A mail that could not be sent is no error of
// this: it is due again later.
func (m *Mails) SendNext(ctx context.Context) (bool, error) {
	at := now(m.clock)
	n, claimed, err := m.store.ClaimMail(ctx, at, at.Add(mailLease))
	if err != nil || !claimed {
		return false, err
	}
	outcome, err := m.send(ctx, n)
	m.Metrics.Handled(string(n.Kind), outcome)
	log := m.log.With(slog.String("kind", string(n.Kind)), slog.Int64("mail_id", int64(n.ID)), slog.Int64("user_id", int64(n.User)), slog.Int("attempt", n.Attempts))
	// The node may be stopping: what became of the mail is noted all the same.
	switch outcome {
	case mail.Retried:
		pause := mailPause(n.Attempts)
		log.WarnContext(ctx, "mail not sent; it is tried again", slog.Duration("in", pause), slog.Any("error", err))
		return true, m.store.DeferMail(live(ctx), n, now(m.clock).Add(pause))
	case mail.Failed:
		log.ErrorContext(ctx, "mail given up", slog.Any("error", err))
	default:
		log.DebugContext(ctx, "mail done with", slog.String("outcome", outcome))
	}
	return true, m.store.DeleteMail(live(ctx), n)
}

// Count tells the metrics how many mails wait.
func (m *Mails) Count(ctx context.Context) error {
	n, err := m.store.CountMails(ctx)
	if err == nil {
		m.Metrics.Waiting(n)
	}
	return err
}

// mailPause is how long a mail waits after so many tries: 10 seconds, then twice as long each time, up to a quarter of an hour.
func mailPause(attempts int) time.Duration {
	return min(10*time.Second<<min(attempts-1, 10), 15*time.Minute)
}

var errTooOld = errors.New("it could not be sent in time")

// send writes a mail and hands it over, and says how that ended.
func (m *Mails) send(ctx context.Context, n chat.Mail) (outcome string, err error) {
	life := mailLife
	if n.Kind == chat.MailReset {
		life = resetMailLife
	}
	if now(m.clock).Sub(n.At) > life {
		return mail.Failed, errTooOld
	}
	user, to, err := m.recipient(ctx, n)
	if errors.Is(err, chat.ErrUserNotFound) || err == nil && to == "" {
		return mail.Skipped, nil
	}
	if err != nil {
		return mail.Retried, err
	}
	o := occasion{site: m.Site.Host, username: user.Username, device: n.Device, at: n.At}
	if kind, path, life := linkOf(n.Kind); kind != "" {
		// A second try is the same mail.
		if n.Attempts == 1 && !m.Within(ctx, chat.Fold(to)) {
			return mail.Skipped, nil
		}
		if o.link, err = m.link(ctx, chat.Ticket{Kind: kind, User: user.ID, Data: to}, path, life); err != nil {
			return mail.Retried, err
		}
	}
	message, err := o.write(n.Kind).Message(to)
	if err != nil {
		return mail.Failed, err
	}
	switch err := m.Sender.Send(ctx, message); {
	case errors.Is(err, mail.ErrRefused):
		return mail.Failed, err
	case err != nil:
		return mail.Retried, err
	}
	return mail.Sent, nil
}

// recipient says whose account a mail is about and where it goes: nowhere, when there is no address that is theirs, or the one that was to be
// confirmed is not theirs any more.
func (m *Mails) recipient(ctx context.Context, n chat.Mail) (user chat.User, to string, err error) {
	switch {
	case n.User != 0:
		user, err = m.store.UserByID(ctx, n.User)
	case strings.Contains(n.Address, "@"): // no username has one
		user, err = m.store.UserByEmail(ctx, n.Address)
	default:
		user, _, err = m.store.UserByUsername(ctx, n.Address)
	}
	switch {
	case err != nil:
		return chat.User{}, "", err
	case n.Kind == chat.MailAddressChanged, n.Kind == chat.MailAddressRemoved:
		return user, n.Address, nil
	case n.Kind == chat.MailVerify:
		return user, user.PendingEmail, nil
	case n.Kind == chat.MailReset:
		// Whoever comes in through a provider has no password to be forgotten, and gets none here: closing that door must close the account.
		_, hash, err := m.store.UserByUsername(ctx, user.Username)
		if err != nil || hash == "" || !user.DeactivatedAt.IsZero() {
			return chat.User{}, "", err
		}
	}
	return user, user.Email, nil
}

func linkOf(kind chat.MailKind) (ticket chat.TicketKind, path string, life time.Duration) {
	switch kind {
	case chat.MailVerify:
		return chat.TicketVerify, "/verify", verifyLife
	case chat.MailReset:
		return chat.TicketReset, "/reset", resetLife
	}
	return "", "", 0
}

// link makes a link that works once, in place of those before it. The secret is after the #: that part stays in the browser and is in no
// server's log and no Referer.
func (m *Mails) link(ctx context.Context, t chat.Ticket, path string, life time.Duration) (string, error) {
	if err := m.tickets.revoke(ctx, t.User, t.Kind); err != nil {
		return "", err
	}
	secret, err := m.tickets.issue(ctx, t, life)
	if err != nil {
		return "", err
	}
	return m.Site.String() + path + "#" + secret, nil
}
