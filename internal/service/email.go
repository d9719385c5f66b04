package service

import (
	"context"
	"fmt"

	"parley/internal/chat"
	"parley/internal/store"
)

// Emails are people's addresses. An address is somebody's when they have followed a link that was sent to it; until then it is pending, and
// opens nothing. Nobody learns here whose address one is: several may have the same one pending, and only who reads its mail can confirm it.
type Emails struct {
	store    *store.Store
	users    *Users
	sessions *Sessions
	mails    *Mails
	tickets  *tickets
}

// Change notes another address as pending and has a link sent to it. The address of before stays until then, and is told. It asks for a
// fresh proof, since an address is a way to a new password.
func (e *Emails) Change(ctx context.Context, actor chat.Actor, address string, d chat.Device) error {
	if !e.mails.On() {
		return chat.ErrMailOff
	}
	address = trim(address)
	var faults chat.Faults
	f := chat.CheckEmail(address)
	if address == "" {
		f = chat.Fault{Code: "required", Detail: "An e-mail address is needed."}
	}
	faults.Add("email", f.Code, f.Detail)
	if err := faults.Err(); err != nil {
		return err
	}
	if err := e.sessions.proofs.needed(ctx, actor); err != nil {
		return err
	}
	user, err := e.users.Me(ctx, actor)
	if err != nil {
		return err
	}
	if err := e.store.SetPendingEmail(ctx, actor.User, address); err != nil {
		return err
	}
	ctx = live(ctx)
	e.sessions.recordLate(ctx, d,
		[]chat.AuditEntry{{Action: chat.AuditEmailChanged, Actor: actor.User, User: actor.User, Session: actor.Session}}, nil)
	if user.Email != "" {
		e.sessions.recordLate(ctx, d, nil, []chat.Notice{{Kind: chat.NoticeEmailChanged, User: actor.User, Session: actor.Session}})
		e.mails.noteLate(ctx, chat.Mail{Kind: chat.MailAddressChanged, User: actor.User, Address: user.Email, Device: d})
	}
	return e.mails.note(ctx, chat.Mail{Kind: chat.MailVerify, User: actor.User, Device: d})
}

// Remove takes the actor's address away, and one that is pending, and tells both their page and the address. Who has no other way in keeps it: it is
// how they would get a password.
func (e *Emails) Remove(ctx context.Context, actor chat.Actor, d chat.Device) error {
	if err := e.sessions.proofs.needed(ctx, actor); err != nil {
		return err
	}
	user, err := e.users.Me(ctx, actor)
	if err != nil {
		return err
	}
	if user.Email == "" && user.PendingEmail == "" {
		return chat.ErrNoAddress
	}
	if err := e.store.RemoveEmail(ctx, actor.User, e.sessions.waysOpen()); err != nil {
		return err
	}
	ctx = live(ctx)
	entries := []chat.AuditEntry{{Action: chat.AuditEmailRemoved, Actor: actor.User, User: actor.User, Session: actor.Session}}
	var notices []chat.Notice
	if user.Email != "" {
		notices = append(notices, chat.Notice{Kind: chat.NoticeEmailRemoved, User: actor.User, Session: actor.Session})
		e.mails.noteLate(ctx, chat.Mail{Kind: chat.MailAddressRemoved, User: actor.User, Address: user.Email, Device: d})
	}
	e.sessions.recordLate(ctx, d, entries, notices)
	e.sessions.dropLinks(ctx, actor.User)
	return nil
}

// Resend has another link sent to the actor's pending address; those before it work no more. Without such an address it is chat.ErrNoEmail.
func (e *Emails) Resend(ctx context.Context, actor chat.Actor, d chat.Device) error {
	if !e.mails.On() {
		return chat.ErrMailOff
	}
	user, err := e.users.Me(ctx, actor)
	if err != nil {
		return err
	}
	if user.PendingEmail == "" {
		return chat.ErrNoEmail
	}
	return e.mails.note(ctx, chat.Mail{Kind: chat.MailVerify, User: actor.User, Device: d})
}

// Confirm takes the secret of a link and makes the address that it was sent to the person's own. A link that was used, is over, or was sent to
// an address that is not pending any more is chat.ErrTicketOver. An address that has become somebody else's is chat.ErrEmailTaken.
func (e *Emails) Confirm(ctx context.Context, secret string, d chat.Device) error {
	t, err := e.store.ConfirmEmail(ctx, ticketHash(secret), now(e.tickets.clock))
	if err != nil {
		return err
	}
	ctx = live(ctx)
	e.sessions.recordLate(ctx, d, []chat.AuditEntry{{Action: chat.AuditEmailConfirmed, Actor: t.User, User: t.User}}, nil)
	// What was sent to the address of before opens nothing any more.
	if err := e.tickets.revoke(ctx, t.User, chat.TicketReset); err != nil {
		return fmt.Errorf("confirm email: %w", err)
	}
	return nil
}
