package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// maxMails is how many mails may wait. A mail server that is away for a day does not fill the disk, however much is asked for meanwhile.
const maxMails = 10_000

// InsertMail stores a mail to be sent, due at once. When too many wait already it is chat.ErrUnavailable.
func (s *Store) InsertMail(ctx context.Context, m chat.Mail) error {
	waiting, err := s.CountMails(ctx)
	if err != nil {
		return err
	}
	if waiting >= maxMails {
		return chat.ErrUnavailable.Because(fmt.Errorf("insert mail: %d are waiting already", waiting))
	}
	id, err := s.nextID(ctx, "mails")
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(q *query.Queries) error {
		return q.InsertMail(ctx, query.InsertMailParams{
			ID: id, Kind: string(m.Kind), UserID: userOrNull(m.User), Address: m.Address, Agent: m.Device.Agent, Place: m.Device.Place,
			CreatedAt: millis(m.At),
		})
	})
	if err != nil {
		return fmt.Errorf("insert mail: %w", err)
	}
	return nil
}

// ClaimMail takes the mail that is due the longest, until a time. Then it is due again, unless it was deleted or deferred. There is false when
// nothing is due, or another node has just taken it.
func (s *Store) ClaimMail(ctx context.Context, now, until time.Time) (m chat.Mail, claimed bool, err error) {
	var row query.Mail
	err = s.tx(ctx, func(q *query.Queries) (err error) {
		row, err = q.ClaimMail(ctx, query.ClaimMailParams{Now: millis(now), Until: millis(until)})
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Mail{}, false, nil
	}
	if err != nil {
		return chat.Mail{}, false, fmt.Errorf("claim mail: %w", err)
	}
	m = chat.Mail{
		ID: chat.MailID(row.ID), Kind: chat.MailKind(row.Kind), Address: row.Address, Device: chat.Device{Agent: row.Agent, Place: row.Place},
		Attempts: int(row.Attempts), At: fromMillis(row.CreatedAt), Claimed: fromMillis(row.DueAt),
	}
	if row.UserID != nil {
		m.User = chat.UserID(*row.UserID)
	}
	return m, true, nil
}

// DeleteMail removes a mail that is done with, if it still is whose took it.
func (s *Store) DeleteMail(ctx context.Context, m chat.Mail) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		return q.DeleteMail(ctx, query.DeleteMailParams{ID: int64(m.ID), Claimed: millis(m.Claimed)})
	})
	if err != nil {
		return fmt.Errorf("delete mail: %w", err)
	}
	return nil
}

// DeferMail makes a mail due again at a time, if it still is whose took it.
func (s *Store) DeferMail(ctx context.Context, m chat.Mail, due time.Time) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		return q.DeferMail(ctx, query.DeferMailParams{ID: int64(m.ID), Claimed: millis(m.Claimed), DueAt: millis(due)})
	})
	if err != nil {
		return fmt.Errorf("defer mail: %w", err)
	}
	return nil
}

// CountMails returns how many mails wait.
func (s *Store) CountMails(ctx context.Context) (int64, error) {
	n, err := s.reads.CountMails(ctx)
	if err != nil {
		return 0, fmt.Errorf("count mails: %w", classify(err))
	}
	return n, nil
}
