package httpapi

import (
	"context"
	"strconv"

	"parley/internal/contract"
)

// ChangeEmail implements PUT /api/v1/me/email. It takes from two budgets: of changes, as others do, and of mails: it
// sends one to an address that may be anybody's.
func (h *handler) ChangeEmail(ctx context.Context, in *contract.ChangeEmailInput) error {
	if err := h.limits.ask(ctx, h.limits.Key("mail", strconv.FormatInt(int64(actor(ctx).User), 10))); err != nil {
		return err
	}
	return h.service.Emails.Change(ctx, actor(ctx), in.Email, device(ctx))
}

// RemoveEmail implements DELETE /api/v1/me/email.
func (h *handler) RemoveEmail(ctx context.Context) error {
	return h.service.Emails.Remove(ctx, actor(ctx), device(ctx))
}

// ResendEmail implements POST /api/v1/me/email/resend.
func (h *handler) ResendEmail(ctx context.Context) error {
	return h.service.Emails.Resend(ctx, actor(ctx), device(ctx))
}

// ConfirmEmail implements POST /api/v1/auth/email/confirm.
func (h *handler) ConfirmEmail(ctx context.Context, in *contract.ConfirmEmailInput) error {
	if err := h.limits.ask(ctx, h.limits.Key("link", networkOf(ctx))); err != nil {
		return err
	}
	return h.service.Emails.Confirm(ctx, string(in.Token), device(ctx))
}

// AskPasswordReset implements POST /api/v1/auth/password-reset.
func (h *handler) AskPasswordReset(ctx context.Context, in *contract.AskPasswordResetInput) error {
	if err := h.limits.ask(ctx, h.limits.Key("reset", networkOf(ctx))); err != nil {
		return err
	}
	return h.service.Sessions.AskReset(ctx, in.Login, device(ctx))
}

// ResetPassword implements POST /api/v1/auth/password-reset/confirm.
func (h *handler) ResetPassword(ctx context.Context, in *contract.ResetPasswordInput) error {
	if err := h.limits.ask(ctx, h.limits.Key("link", networkOf(ctx))); err != nil {
		return err
	}
	return h.service.Sessions.ResetPassword(ctx, string(in.Token), in.Password, device(ctx))
}
