package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertPasskey stores a passkey and returns it with its id. One that is stored already is chat.ErrPasskeyKnown, one too many
// chat.ErrTooManyPasskeys.
func (s *Store) InsertPasskey(ctx context.Context, p chat.Passkey) (chat.Passkey, error) {
	id, err := s.nextID(ctx, "passkeys")
	if err != nil {
		return chat.Passkey{}, err
	}
	p.ID = chat.PasskeyID(id)
	err = s.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockUser(ctx, int64(p.User)); err != nil {
			return err
		}
		n, err := q.CountPasskeys(ctx, int64(p.User))
		if err != nil {
			return err
		}
		if n >= chat.MaxPasskeys {
			return chat.ErrTooManyPasskeys
		}
		return q.InsertPasskey(ctx, query.InsertPasskeyParams{
			ID: id, UserID: int64(p.User), Credential: base64Text(p.Credential), PublicKey: base64Text(p.PublicKey),
			Transports: strings.Join(p.Transports, ","), BackupEligible: flag(p.BackupEligible), BackedUp: flag(p.BackedUp),
			SignCount: int64(p.SignCount), Name: p.Name, CreatedAt: millis(p.CreatedAt),
		})
	})
	if violated(err) == "passkeys_credential" {
		return chat.Passkey{}, chat.ErrPasskeyKnown
	}
	if err != nil {
		return chat.Passkey{}, fmt.Errorf("insert passkey: %w", err)
	}
	return p, nil
}

// ListPasskeys returns a person's passkeys, the oldest first.
func (s *Store) ListPasskeys(ctx context.Context, user chat.UserID) ([]chat.Passkey, error) {
	rows, err := s.reads.ListPasskeys(ctx, int64(user))
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", classify(err))
	}
	list := make([]chat.Passkey, len(rows))
	for i, r := range rows {
		if list[i], err = passkeyOf(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// PasskeyByCredential returns the passkey that an authenticator names, or chat.ErrPasskeyNotFound.
func (s *Store) PasskeyByCredential(ctx context.Context, credential []byte) (chat.Passkey, error) {
	r, err := s.reads.PasskeyByCredential(ctx, base64Text(credential))
	if err != nil {
		return chat.Passkey{}, fmt.Errorf("passkey by credential: %w", found(err, chat.ErrPasskeyNotFound))
	}
	return passkeyOf(r)
}

// UsePasskey notes a use and reports whether the count moved on: of several with the same count one did, also on different nodes.
func (s *Store) UsePasskey(ctx context.Context, p chat.Passkey, now time.Time) (moved bool, err error) {
	at := millis(now)
	err = s.tx(ctx, func(q *query.Queries) error {
		n, err := q.UsePasskey(ctx, query.UsePasskeyParams{ID: int64(p.ID), SignCount: int64(p.SignCount), BackedUp: flag(p.BackedUp), UsedAt: &at})
		moved = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("use passkey: %w", err)
	}
	return moved, nil
}

// RenamePasskey gives a person's passkey another name. One that is not theirs is chat.ErrPasskeyNotFound.
func (s *Store) RenamePasskey(ctx context.Context, user chat.UserID, id chat.PasskeyID, name string) error {
	return s.onePasskey(ctx, "rename passkey", func(q *query.Queries) (int64, error) {
		return q.RenamePasskey(ctx, query.RenamePasskeyParams{Name: name, ID: int64(id), UserID: int64(user)})
	})
}

// DeletePasskey removes a person's passkey. One that is not theirs is chat.ErrPasskeyNotFound, and the last way into their account
// chat.ErrLastWayIn.
func (s *Store) DeletePasskey(ctx context.Context, user chat.UserID, id chat.PasskeyID, open chat.WaysOpen) error {
	return s.onePasskey(ctx, "delete passkey", func(q *query.Queries) (int64, error) {
		if _, err := q.LockUser(ctx, int64(user)); err != nil {
			return 0, err
		}
		n, err := q.DeletePasskey(ctx, query.DeletePasskeyParams{ID: int64(id), UserID: int64(user)})
		if err != nil || n == 0 || !open.Passkeys {
			return n, err
		}
		return n, keepsAWayIn(ctx, q, user, open)
	})
}

func (s *Store) onePasskey(ctx context.Context, what string, change func(*query.Queries) (int64, error)) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		n, err := change(q)
		if err == nil && n == 0 {
			return chat.ErrPasskeyNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func passkeyOf(r query.Passkey) (chat.Passkey, error) {
	p := chat.Passkey{
		ID: chat.PasskeyID(r.ID), User: chat.UserID(r.UserID), BackupEligible: r.BackupEligible == 1, BackedUp: r.BackedUp == 1,
		SignCount: uint32(r.SignCount),
		Name:      r.Name, CreatedAt: fromMillis(r.CreatedAt), UsedAt: fromMillisOrNull(r.UsedAt),
	}
	if r.Transports != "" {
		p.Transports = strings.Split(r.Transports, ",")
	}
	var err error
	if p.Credential, err = base64.RawURLEncoding.DecodeString(r.Credential); err != nil {
		return p, fmt.Errorf("passkey %d: its credential is no base64url", r.ID)
	}
	if p.PublicKey, err = base64.RawURLEncoding.DecodeString(r.PublicKey); err != nil {
		return p, fmt.Errorf("passkey %d: its public key is no base64url", r.ID)
	}
	return p, nil
}

func base64Text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
