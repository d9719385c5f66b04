package service

import (
	"context"
	"fmt"
	"log/slog"

	"parley/internal/auth"
	"parley/internal/chat"
)

// AskReset has a link to a new password sent to whoever has this name or this confirmed address. It says nothing of whether that is anybody:
// it notes the request and returns, and everything else happens later and elsewhere.
func (s *Sessions) AskReset(ctx context.Context, who string, d chat.Device) error {
	if !s.mails.On() {
		return chat.ErrMailOff
	}
	who = trim(who)
	var faults chat.Faults
	f := chat.Line(who, 1, chat.MaxEmail)
	faults.Add("login", f.Code, f.Detail)
	if err := faults.Err(); err != nil {
		return err
	}
	return s.mails.note(ctx, chat.Mail{Kind: chat.MailReset, Address: who, Device: d})
}

// ResetPassword takes the secret of a link and gives its owner a new password. All their sessions end. It does not sign in: who reads
// somebody's mail has one proof, and an account may ask for two. A link that was used or is over is chat.ErrTicketOver; a password that is
// refused leaves the link as it is.
func (s *Sessions) ResetPassword(ctx context.Context, secret, password string, d chat.Device) error {
	t, err := s.tickets.look(ctx, chat.TicketReset, secret)
	if err != nil {
		return err
	}
	user, err := s.store.UserByID(ctx, t.User)
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	if err := newPassword("password", password, user); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	if _, err := s.store.ResetPassword(ctx, ticketHash(secret), hash, now(s.clock)); err != nil {
		return err
	}
	// From here on the password is another one, whatever the caller does.
	ctx = live(ctx)
	s.recordLate(ctx, d,
		[]chat.AuditEntry{{Action: chat.AuditPasswordReset, User: user.ID}}, []chat.Notice{{Kind: chat.NoticePasswordReset, User: user.ID}})
	s.dropLinks(ctx, user.ID)
	return s.RevokeAll(ctx, chat.Actor{User: user.ID}, false, d)
}

// newPassword says what is wrong with a password that somebody with an account wants to have, as a fault of a field.
func newPassword(field, password string, user chat.User) error {
	var faults chat.Faults
	f := chat.CheckPassword(password)
	if f.Code == "" && auth.CommonPassword(password, user.Username, user.DisplayName, user.Email, product) {
		f = chat.CommonPassword
	}
	faults.Add(field, f.Code, f.Detail)
	return faults.Err()
}

// dropLinks makes the links to a new password worthless: the person has one.
func (s *Sessions) dropLinks(ctx context.Context, user chat.UserID) {
	if err := s.tickets.revoke(ctx, user, chat.TicketReset); err != nil {
		s.log.ErrorContext(ctx, "links to a new password not taken back", slog.Int64("user_id", int64(user)), slog.Any("error", err))
	}
}
