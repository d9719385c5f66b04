package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/store"
)

// TwoFactor is the second step of a sign-in: codes of an authenticator app, and recovery codes for the day when it is gone.
type TwoFactor struct {
	store    *store.Store
	sessions *Sessions
	vault    *auth.Vault // nil: nobody has given this server a key
	tickets  *tickets
	issuer   string
	clock    chat.Clock
	log      *slog.Logger
}

const (
	ticketTOTP   chat.TicketKind = "totp.enrol"
	enrolLife                    = 15 * time.Minute
	maxCodeTries                 = 5
)

// TwoFactorSecret is what an authenticator app is given, before it is confirmed.
type TwoFactorSecret struct {
	auth.TOTPKey
	Ticket  string
	Expires time.Time
}

// State says whether the actor's sign-in asks for a code.
func (f *TwoFactor) State(ctx context.Context, actor chat.Actor) (chat.TwoFactor, error) {
	state := chat.TwoFactor{Available: f.vault != nil}
	key, err := f.store.TOTPKey(ctx, actor.User)
	if errors.Is(err, chat.ErrTwoFactorOff) {
		return state, nil
	}
	if err != nil {
		return chat.TwoFactor{}, err
	}
	state.Enabled, state.EnabledAt, state.CodesLeft = true, key.CreatedAt, key.CodesLeft
	return state, nil
}

// Begin makes a secret for the actor's app. It is kept in a ticket until it is confirmed: nothing has changed if it never is.
func (f *TwoFactor) Begin(ctx context.Context, actor chat.Actor) (TwoFactorSecret, error) {
	if f.vault == nil {
		return TwoFactorSecret{}, chat.ErrTwoFactorUnavailable
	}
	if err := f.sessions.proofs.needed(ctx, actor); err != nil {
		return TwoFactorSecret{}, err
	}
	user, err := f.sessions.users.Me(ctx, actor)
	if err != nil {
		return TwoFactorSecret{}, err
	}
	if _, err := f.store.TOTPKey(ctx, actor.User); !errors.Is(err, chat.ErrTwoFactorOff) {
		if err == nil {
			err = chat.ErrTwoFactorOn
		}
		return TwoFactorSecret{}, err
	}
	key, err := auth.NewTOTPKey(f.issuer, user.Username)
	if err != nil {
		return TwoFactorSecret{}, err
	}
	// Of two begun at once only the later can be confirmed: an app that was given the other secret would show codes that never match.
	if err := f.tickets.revoke(ctx, actor.User, ticketTOTP); err != nil {
		return TwoFactorSecret{}, err
	}
	ticket, err := f.tickets.issue(ctx, chat.Ticket{Kind: ticketTOTP, User: actor.User, Data: f.vault.Seal(totpUse(actor.User), key.Secret)}, enrolLife)
	if err != nil {
		return TwoFactorSecret{}, fmt.Errorf("begin two-factor: %w", err)
	}
	return TwoFactorSecret{TOTPKey: key, Ticket: ticket, Expires: now(f.clock).Add(enrolLife)}, nil
}

// totpUse binds a sealed secret to its owner.
func totpUse(user chat.UserID) string { return "totp " + strconv.FormatInt(int64(user), 10) }

// Confirm turns the second step on with a first code from the app, and returns the recovery codes, which nobody can be shown again.
func (f *TwoFactor) Confirm(ctx context.Context, actor chat.Actor, ticket, code string, d chat.Device) ([]string, error) {
	shown := chat.SecondFactor{Code: code}
	if err := shown.Check(); err != nil {
		return nil, err
	}
	t, err := f.tickets.try(ctx, ticketTOTP, ticket, maxCodeTries)
	if err != nil {
		return nil, err
	}
	if t.User != actor.User {
		return nil, chat.ErrTicketOver
	}
	secret, err := f.open(ctx, actor.User, t.Data)
	if err != nil {
		return nil, err
	}
	step, ok := auth.MatchTOTP(secret, shown.Code, f.clock())
	if !ok {
		return nil, chat.ErrWrongCode
	}
	if _, err := f.tickets.take(ctx, ticketTOTP, ticket); err != nil {
		return nil, err
	}
	codes, hashes := recoveryCodes()
	err = f.store.InsertTOTPKey(ctx, chat.TOTPKey{User: actor.User, Sealed: t.Data, LastStep: step, CreatedAt: now(f.clock)}, hashes)
	if err != nil {
		return nil, err
	}
	f.tell(ctx, actor, chat.AuditTwoFactorEnabled, chat.NoticeTwoFactorEnabled, d)
	return codes, nil
}

func recoveryCodes() (codes, hashes []string) {
	codes = auth.NewRecoveryCodes()
	for _, c := range codes {
		hash, _ := auth.RecoveryHash(c)
		hashes = append(hashes, hash)
	}
	return codes, hashes
}

// RenewCodes voids the actor's recovery codes and returns others.
func (f *TwoFactor) RenewCodes(ctx context.Context, actor chat.Actor, d chat.Device) ([]string, error) {
	if err := f.sessions.proofs.needed(ctx, actor); err != nil {
		return nil, err
	}
	codes, hashes := recoveryCodes()
	if err := f.store.ReplaceRecoveryCodes(ctx, actor.User, hashes); err != nil {
		return nil, err
	}
	f.tell(ctx, actor, chat.AuditRecoveryRenewed, chat.NoticeRecoveryRenewed, d)
	return codes, nil
}

// Disable turns the second step off.
func (f *TwoFactor) Disable(ctx context.Context, actor chat.Actor, d chat.Device) error {
	if err := f.sessions.proofs.needed(ctx, actor); err != nil {
		return err
	}
	if err := f.store.DeleteTOTPKey(ctx, actor.User); err != nil {
		return err
	}
	f.tell(ctx, actor, chat.AuditTwoFactorDisabled, chat.NoticeTwoFactorDisabled, d)
	return nil
}

// Reset turns the second step of somebody else off, who has lost the app and the codes.
func (f *TwoFactor) Reset(ctx context.Context, actor chat.Actor, id chat.UserID, d chat.Device) error {
	by, err := manager(ctx, f.store, actor)
	if err != nil {
		return err
	}
	person, err := f.store.UserByID(ctx, id)
	if err != nil {
		return err
	}
	if by.ID == person.ID || !by.Role.CanGovern(person.Role) {
		return chat.ErrForbidden
	}
	if err := f.sessions.proofs.needed(ctx, actor); err != nil {
		return err
	}
	if err := f.store.DeleteTOTPKey(ctx, id); err != nil {
		return err
	}
	// The notice is about no session of the person's: all of them see it.
	f.sessions.recordLate(live(ctx), d, []chat.AuditEntry{{Action: chat.AuditTwoFactorDisabled, Actor: actor.Recorded(), User: id}},
		[]chat.Notice{{Kind: chat.NoticeTwoFactorDisabled, User: id}})
	return nil
}

// check uses a second factor up, or says what is wrong with it.
func (f *TwoFactor) check(ctx context.Context, user chat.UserID, shown chat.SecondFactor) error {
	if shown.RecoveryCode != "" {
		return f.checkRecovery(ctx, user, shown.RecoveryCode)
	}
	key, err := f.store.TOTPKey(ctx, user)
	if err != nil {
		return err
	}
	secret, err := f.open(ctx, user, key.Sealed)
	if err != nil {
		return err
	}
	step, ok := auth.MatchTOTP(secret, shown.Code, f.clock())
	if !ok {
		return chat.ErrWrongCode
	}
	first, err := f.store.AdvanceTOTPKey(ctx, key, step)
	if err == nil && !first {
		err = chat.ErrCodeUsed
	}
	return err
}

func (f *TwoFactor) checkRecovery(ctx context.Context, user chat.UserID, code string) error {
	hash, ok := auth.RecoveryHash(code)
	if !ok {
		return chat.ErrWrongRecoveryCode
	}
	taken, err := f.store.TakeRecoveryCode(ctx, user, hash)
	if err == nil && !taken {
		err = chat.ErrWrongRecoveryCode
	}
	return err
}

// tell writes down and tells the owner what has happened to the second step.
func (f *TwoFactor) tell(ctx context.Context, actor chat.Actor, a chat.AuditAction, n chat.NoticeKind, d chat.Device) {
	f.sessions.recordLate(live(ctx), d,
		[]chat.AuditEntry{{Action: a, Actor: actor.User, User: actor.User, Session: actor.Session}},
		[]chat.Notice{{Kind: n, User: actor.User, Session: actor.Session}})
}

// open decrypts a secret. That it cannot be is the operator's affair: the person can still use a recovery code.
func (f *TwoFactor) open(ctx context.Context, user chat.UserID, sealed string) (string, error) {
	if f.vault == nil {
		return "", chat.ErrTwoFactorUnavailable
	}
	secret, err := f.vault.Open(totpUse(user), sealed)
	if err != nil {
		f.log.ErrorContext(ctx, "the secret of an authenticator app cannot be read; is its key missing from PARLEY_AUTH_ENCRYPTION_KEYS?",
			slog.Int64("user_id", int64(user)), slog.Any("error", err))
		return "", chat.ErrTwoFactorUnavailable.Because(err)
	}
	return secret, nil
}

// resealBatch is how many keys are looked at with one query.
const resealBatch = 500

// Reseal seals with the vault's first key what an older one sealed, so that the older one can be taken out, and returns how many those were
// and how many it could not read.
func (f *TwoFactor) Reseal(ctx context.Context) (resealed, unreadable int, err error) {
	if f.vault == nil {
		return 0, 0, nil
	}
	for after := chat.UserID(0); ; {
		batch, err := f.store.ListSealedTOTPKeys(ctx, after, resealBatch)
		if err != nil || len(batch) == 0 {
			return resealed, unreadable, err
		}
		for _, k := range batch {
			after = k.User
			if f.vault.Fresh(k.Sealed) {
				continue
			}
			secret, err := f.vault.Open(totpUse(k.User), k.Sealed)
			if err != nil {
				unreadable++
				continue
			}
			replaced, err := f.store.ReplaceSealedTOTPKey(ctx, k.User, k.Sealed, f.vault.Seal(totpUse(k.User), secret))
			if err != nil {
				return resealed, unreadable, err
			}
			if replaced {
				resealed++
			}
		}
	}
}
