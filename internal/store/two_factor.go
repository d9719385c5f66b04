package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertTOTPKey stores the key of a person who has none, with the hashes of their recovery codes. Who has one is chat.ErrTwoFactorOn.
func (s *Store) InsertTOTPKey(ctx context.Context, k chat.TOTPKey, recovery []string) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		n, err := q.InsertTOTPKey(ctx, query.InsertTOTPKeyParams{
			UserID: int64(k.User), Sealed: k.Sealed, LastStep: k.LastStep, CreatedAt: millis(k.CreatedAt),
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return chat.ErrTwoFactorOn
		}
		return insertRecoveryCodes(ctx, q, k.User, recovery)
	})
	if err != nil {
		return fmt.Errorf("insert TOTP key: %w", err)
	}
	return nil
}

func insertRecoveryCodes(ctx context.Context, q *query.Queries, user chat.UserID, hashes []string) error {
	for _, hash := range hashes {
		if err := q.InsertRecoveryCode(ctx, query.InsertRecoveryCodeParams{UserID: int64(user), Hash: hash}); err != nil {
			return err
		}
	}
	return nil
}

// TOTPKey returns a person's key, or chat.ErrTwoFactorOff.
func (s *Store) TOTPKey(ctx context.Context, user chat.UserID) (chat.TOTPKey, error) {
	r, err := s.reads.TOTPKey(ctx, int64(user))
	if err != nil {
		return chat.TOTPKey{}, fmt.Errorf("TOTP key: %w", found(err, chat.ErrTwoFactorOff))
	}
	return chat.TOTPKey{
		User: user, Sealed: r.Sealed, LastStep: r.LastStep, CreatedAt: fromMillis(r.CreatedAt), CodesLeft: int(r.CodesLeft),
	}, nil
}

// AdvanceTOTPKey uses a step up and reports whether this caller was the first: of several one is, also on different nodes.
func (s *Store) AdvanceTOTPKey(ctx context.Context, k chat.TOTPKey, step int64) (first bool, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		n, err := q.AdvanceTOTPKey(ctx, query.AdvanceTOTPKeyParams{Step: step, UserID: int64(k.User), Sealed: k.Sealed})
		first = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("advance TOTP key: %w", err)
	}
	return first, nil
}

// ReplaceSealedTOTPKey stores the same key sealed anew, if it still is the old one, and reports whether it was.
func (s *Store) ReplaceSealedTOTPKey(ctx context.Context, user chat.UserID, old, fresh string) (replaced bool, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		n, err := q.ReplaceSealedTOTPKey(ctx, query.ReplaceSealedTOTPKeyParams{Fresh: fresh, UserID: int64(user), Old: old})
		replaced = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("replace sealed TOTP key: %w", err)
	}
	return replaced, nil
}

// ListSealedTOTPKeys returns up to most people's sealed keys, by user, after one of them.
func (s *Store) ListSealedTOTPKeys(ctx context.Context, after chat.UserID, most int32) ([]chat.TOTPKey, error) {
	rows, err := s.reads.ListSealedTOTPKeys(ctx, query.ListSealedTOTPKeysParams{After: int64(after), Most: most})
	if err != nil {
		return nil, fmt.Errorf("list sealed TOTP keys: %w", classify(err))
	}
	list := make([]chat.TOTPKey, len(rows))
	for i, r := range rows {
		list[i] = chat.TOTPKey{User: chat.UserID(r.UserID), Sealed: r.Sealed}
	}
	return list, nil
}

// DeleteTOTPKey removes a person's key and their recovery codes. Who has none is chat.ErrTwoFactorOff.
func (s *Store) DeleteTOTPKey(ctx context.Context, user chat.UserID) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		n, err := q.DeleteTOTPKey(ctx, int64(user))
		if err == nil && n == 0 {
			return chat.ErrTwoFactorOff
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete TOTP key: %w", err)
	}
	return nil
}

// TakeRecoveryCode uses a recovery code up and reports whether there was one: of several callers one gets it.
func (s *Store) TakeRecoveryCode(ctx context.Context, user chat.UserID, hash string) (taken bool, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		n, err := q.DeleteRecoveryCode(ctx, query.DeleteRecoveryCodeParams{UserID: int64(user), Hash: hash})
		taken = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take recovery code: %w", err)
	}
	return taken, nil
}

// ReplaceRecoveryCodes voids a person's recovery codes and stores others. The lock keeps two at once from both leaving theirs.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, user chat.UserID, hashes []string) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockUser(ctx, int64(user)); err != nil {
			return err
		}
		if err := q.DeleteRecoveryCodes(ctx, int64(user)); err != nil {
			return err
		}
		return insertRecoveryCodes(ctx, q, user, hashes)
	})
	if foreign(err) {
		return chat.ErrTwoFactorOff
	}
	if err != nil {
		return fmt.Errorf("replace recovery codes: %w", err)
	}
	return nil
}

// SealedTOTPKeys counts the keys by the name of the key that they are sealed with. It needs the schema and no prepared query.
func (s *Store) SealedTOTPKeys(ctx context.Context) (by map[string]int, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT sealed FROM totp_keys")
	if err != nil {
		return nil, fmt.Errorf("count sealed TOTP keys: %w", classify(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	by = map[string]int{}
	for rows.Next() {
		var sealed string
		if err := rows.Scan(&sealed); err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(sealed, ":")
		by[name]++
	}
	return by, rows.Err()
}
