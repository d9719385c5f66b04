package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parley/internal/session"
	"parley/internal/store/query"
)

// Sessions keeps sessions in the database. It implements session.Keeper for servers without Redis.
type Sessions struct {
	store  *Store
	policy session.Policy
}

// NewSessions keeps sessions in s.
func NewSessions(s *Store, policy session.Policy) *Sessions {
	return &Sessions{store: s, policy: policy}
}

// Insert implements session.Keeper.
func (k *Sessions) Insert(ctx context.Context, n session.Session, hash string) (ended []session.Session, err error) {
	err = k.store.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockUser(ctx, n.User); err != nil {
			return err
		}
		living, err := k.living(ctx, q, n.User, n.CreatedAt)
		if err != nil {
			return err
		}
		ended = nil
		if over := len(living) - k.policy.PerUser + 1; over > 0 {
			if ended, err = end(ctx, q, living[len(living)-over:], n.CreatedAt); err != nil {
				return err
			}
		}
		return q.InsertSession(ctx, query.InsertSessionParams{
			ID: n.ID, UserID: n.User, Agent: n.Device.Agent, Place: n.Device.Place, CurrentHash: hash,
			CreatedAt: millis(n.CreatedAt), UsedAt: millis(n.UsedAt), ExpiresAt: millis(n.ExpiresAt), ProvedAt: millis(n.ProvedAt),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("insert session: %w", err)
	}
	return ended, nil
}

// Rotate implements session.Keeper. The UPDATE alone decides who is first: on Postgres a second one waits for it and then finds that its
// token is no longer the current one.
func (k *Sessions) Rotate(ctx context.Context, c session.Change) (v session.Verdict, s session.Session, sealed string, err error) {
	err = k.store.tx(ctx, func(q *query.Queries) error {
		row, err := q.RotateSession(ctx, query.RotateSessionParams{
			ID: c.ID, UserID: c.User, Presented: c.Presented, NextHash: c.Next, Sealed: c.Sealed, Agent: c.Device.Agent, Place: c.Device.Place,
			Now: millis(c.Now), PreviousUntil: millis(c.Now.Add(k.policy.Grace)), IdleSince: millis(c.Now.Add(-k.policy.Idle)),
		})
		if err == nil {
			v, s, sealed = session.Rotated, sessionOf(row), ""
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		v, s, sealed, err = k.notCurrent(ctx, q, c)
		return err
	})
	if err != nil {
		return session.Over, session.Session{}, "", fmt.Errorf("rotate session: %w", err)
	}
	return v, s, sealed, nil
}

// notCurrent judges a token that is not the current one of a living session.
func (k *Sessions) notCurrent(ctx context.Context, q *query.Queries, c session.Change) (session.Verdict, session.Session, string, error) {
	row, err := q.SessionByID(ctx, query.SessionByIDParams{ID: c.ID, UserID: c.User})
	if errors.Is(err, sql.ErrNoRows) {
		return session.Over, session.Session{}, "", nil
	}
	if err != nil {
		return session.Over, session.Session{}, "", err
	}
	now := millis(c.Now)
	if row.ExpiresAt <= now || row.UsedAt <= millis(c.Now.Add(-k.policy.Idle)) {
		_, err := q.DeleteSession(ctx, c.ID)
		return session.Over, session.Session{}, "", err
	}
	if row.PreviousHash == c.Presented && now < row.PreviousUntil {
		return session.Graced, sessionOf(row), row.Sealed, nil
	}
	ended, err := end(ctx, q, []session.Session{sessionOf(row)}, c.Now)
	if err != nil || len(ended) == 0 { // none: somebody else has just ended it
		return session.Over, session.Session{}, "", err
	}
	return session.Reused, ended[0], "", nil
}

// List implements session.Keeper.
func (k *Sessions) List(ctx context.Context, user int64, now time.Time) ([]session.Session, error) {
	list, err := k.living(ctx, k.store.reads, user, now)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", classify(err))
	}
	return list, nil
}

// Prove implements session.Keeper.
func (k *Sessions) Prove(ctx context.Context, r session.Ref, now time.Time) (ok bool, err error) {
	err = k.store.tx(ctx, func(q *query.Queries) error {
		n, err := q.ProveSession(ctx, query.ProveSessionParams{
			ID: r.ID, UserID: r.User, Now: millis(now), IdleSince: millis(now.Add(-k.policy.Idle)),
		})
		ok = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("prove session: %w", err)
	}
	return ok, nil
}

// Delete implements session.Keeper.
func (k *Sessions) Delete(ctx context.Context, user int64, only, except string, now time.Time) (ended []session.Session, err error) {
	err = k.store.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockUser(ctx, user); err != nil {
			return err
		}
		living, err := k.living(ctx, q, user, now)
		if err != nil {
			return err
		}
		var chosen []session.Session
		for _, s := range living {
			if (only == "" || s.ID == only) && s.ID != except {
				chosen = append(chosen, s)
			}
		}
		ended, err = end(ctx, q, chosen, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("delete sessions: %w", err)
	}
	return ended, nil
}

// Ended implements session.Keeper.
func (k *Sessions) Ended(ctx context.Context, since time.Time) ([]session.Ref, error) {
	rows, err := k.store.reads.ListEndedSessions(ctx, millis(since))
	if err != nil {
		return nil, fmt.Errorf("list ended sessions: %w", classify(err))
	}
	refs := make([]session.Ref, len(rows))
	for i, r := range rows {
		refs[i] = session.Ref{ID: r.ID, User: r.UserID}
	}
	return refs, nil
}

// Sweep removes what is over and what need not be remembered, and returns how many rows that were.
func (k *Sessions) Sweep(ctx context.Context, now time.Time) (n int64, err error) {
	err = k.store.tx(ctx, func(q *query.Queries) error {
		over, err := q.DeleteSessionsOver(ctx, query.DeleteSessionsOverParams{Now: millis(now), IdleSince: millis(now.Add(-k.policy.Idle))})
		if err != nil {
			return err
		}
		ended, err := q.DeleteEndedSessions(ctx, millis(now.Add(-k.policy.Remember)))
		n = over + ended
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep sessions: %w", err)
	}
	return n, nil
}

// living lists a person's sessions that are not over, the latest used first.
func (k *Sessions) living(ctx context.Context, q *query.Queries, user int64, now time.Time) ([]session.Session, error) {
	rows, err := q.ListSessions(ctx, query.ListSessionsParams{UserID: user, Now: millis(now), IdleSince: millis(now.Add(-k.policy.Idle))})
	if err != nil {
		return nil, err
	}
	list := make([]session.Session, len(rows))
	for i, r := range rows {
		list[i] = sessionOf(r)
	}
	return list, nil
}

// end deletes sessions, writes down that they ended, and returns those that were still there.
func end(ctx context.Context, q *query.Queries, chosen []session.Session, now time.Time) (ended []session.Session, err error) {
	for _, s := range chosen {
		n, err := q.DeleteSession(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		if err := q.InsertEndedSession(ctx, query.InsertEndedSessionParams{ID: s.ID, UserID: s.User, EndedAt: millis(now)}); err != nil {
			return nil, err
		}
		ended = append(ended, s)
	}
	return ended, nil
}

func sessionOf(r query.Session) session.Session {
	return session.Session{
		ID: r.ID, User: r.UserID, Device: session.Device{Agent: r.Agent, Place: r.Place},
		CreatedAt: fromMillis(r.CreatedAt), UsedAt: fromMillis(r.UsedAt), ExpiresAt: fromMillis(r.ExpiresAt),
		ProvedAt: fromMillis(r.ProvedAt),
	}
}
