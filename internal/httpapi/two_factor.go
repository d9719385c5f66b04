package httpapi

import (
	"context"
	"time"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/service"
)

// LogInSecondFactor implements POST /api/v1/auth/login/second-factor. A wrong code takes from the same budgets as a wrong password.
func (h *handler) LogInSecondFactor(ctx context.Context, in *contract.SecondFactorInput) (*contract.SessionHeaders, error) {
	// A ticket that is over proves nothing and costs the network what a refresh does: nobody guesses one.
	if err := h.limits.ask(ctx, h.limits.Key("refresh", networkOf(ctx))); err != nil {
		return nil, err
	}
	username, err := h.service.Sessions.Waiting(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	var s service.Session
	err = h.limits.signIn(ctx, username, secondStep, func() (whole bool, err error) {
		s, err = h.service.Sessions.OpenWith(ctx, in.Ticket, secondFactor(in.Code, in.RecoveryCode), device(ctx))
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return h.enter(ctx, s), nil
}

func secondFactor(code contract.OptTOTPCode, recovery contract.OptRecoveryCode) chat.SecondFactor {
	return chat.SecondFactor{Code: string(code.Value), RecoveryCode: string(recovery.Value)}
}

// TwoFactor implements GET /api/v1/me/two-factor.
func (h *handler) TwoFactor(ctx context.Context) (*contract.TwoFactor, error) {
	state, err := h.service.TwoFactor.State(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := &contract.TwoFactor{Available: state.Available, Enabled: state.Enabled, RecoveryCodesLeft: state.CodesLeft}
	if state.Enabled {
		out.EnabledAt = contract.NewOptTime(contract.Time(state.EnabledAt))
	}
	return out, nil
}

// BeginTwoFactor implements POST /api/v1/me/two-factor/begin.
func (h *handler) BeginTwoFactor(ctx context.Context) (*contract.TwoFactorSecret, error) {
	secret, err := h.service.TwoFactor.Begin(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return &contract.TwoFactorSecret{Ticket: secret.Ticket, Secret: secret.Secret, URL: secret.URL, ExpiresIn: h.until(secret.Expires)}, nil
}

// until is for how many whole seconds something is good.
func (h *handler) until(t time.Time) int { return int(t.Sub(h.clock()).Round(time.Second).Seconds()) }

// ConfirmTwoFactor implements POST /api/v1/me/two-factor/confirm.
func (h *handler) ConfirmTwoFactor(ctx context.Context, in *contract.ConfirmTwoFactorInput) (out *contract.RecoveryCodes, err error) {
	err = h.limits.proof(ctx, actor(ctx), func() error {
		codes, err := h.service.TwoFactor.Confirm(ctx, actor(ctx), in.Ticket, string(in.Code), device(ctx))
		out = recoveryCodes(codes)
		return err
	})
	return out, err
}

// RenewRecoveryCodes implements POST /api/v1/me/two-factor/recovery-codes.
func (h *handler) RenewRecoveryCodes(ctx context.Context) (*contract.RecoveryCodes, error) {
	codes, err := h.service.TwoFactor.RenewCodes(ctx, actor(ctx), device(ctx))
	return recoveryCodes(codes), err
}

func recoveryCodes(codes []string) *contract.RecoveryCodes {
	out := &contract.RecoveryCodes{RecoveryCodes: make([]contract.RecoveryCode, len(codes))}
	for i, c := range codes {
		out.RecoveryCodes[i] = contract.RecoveryCode(c)
	}
	return out
}

// DisableTwoFactor implements POST /api/v1/me/two-factor/disable.
func (h *handler) DisableTwoFactor(ctx context.Context) error {
	return h.service.TwoFactor.Disable(ctx, actor(ctx), device(ctx))
}

// ResetTwoFactor implements POST /api/v1/admin/people/{user_id}/reset-two-factor.
func (h *handler) ResetTwoFactor(ctx context.Context, p contract.ResetTwoFactorParams) error {
	return h.service.TwoFactor.Reset(ctx, actor(ctx), chat.UserID(p.UserID), device(ctx))
}
