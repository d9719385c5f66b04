package store

import (
	"context"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// maxNotices is how many notices a person keeps: an alarm that goes off again and again says no more by its fiftieth entry.
const maxNotices = 50

// Record appends entries to the audit and gives people notices, all or nothing. Identifiers are handed out here.
func (s *Store) Record(ctx context.Context, entries []chat.AuditEntry, notices []chat.Notice) error {
	entryID, err := s.firstOf(ctx, "audit_entries", len(entries))
	if err != nil {
		return err
	}
	noticeID, err := s.firstOf(ctx, "notices", len(notices))
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(q *query.Queries) error {
		for i, e := range entries {
			if err := q.InsertAuditEntry(ctx, auditParams(entryID+int64(i), e)); err != nil {
				return err
			}
		}
		for i, n := range notices {
			err := q.InsertNotice(ctx, query.InsertNoticeParams{
				ID: noticeID + int64(i), UserID: int64(n.User), Kind: string(n.Kind), At: millis(n.At), SessionID: string(n.Session),
				Agent: n.Device.Agent, Place: n.Device.Place,
			})
			if err != nil {
				return err
			}
			if err := q.TrimNotices(ctx, query.TrimNoticesParams{UserID: int64(n.User), Most: maxNotices}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

func (s *Store) firstOf(ctx context.Context, noun string, n int) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	return s.nextIDs(ctx, noun, int64(n))
}

func auditParams(id int64, e chat.AuditEntry) query.InsertAuditEntryParams {
	p := query.InsertAuditEntryParams{
		ID: id, At: millis(e.At), Action: string(e.Action), UserID: int64(e.User), SessionID: string(e.Session),
		Agent: e.Device.Agent, Place: e.Device.Place, Detail: e.Detail,
	}
	if e.Actor != 0 {
		actor := int64(e.Actor)
		p.ActorID = &actor
	}
	return p
}

// ListAuditEntries returns the entries about one account, oldest first.
func (s *Store) ListAuditEntries(ctx context.Context, user chat.UserID) ([]chat.AuditEntry, error) {
	rows, err := s.reads.ListAuditEntries(ctx, int64(user))
	if err != nil {
		return nil, fmt.Errorf("list audit entries: %w", classify(err))
	}
	list := make([]chat.AuditEntry, len(rows))
	for i, r := range rows {
		list[i] = chat.AuditEntry{
			ID: chat.AuditEntryID(r.ID), At: fromMillis(r.At), Action: chat.AuditAction(r.Action), User: chat.UserID(r.UserID),
			Session: chat.SessionID(r.SessionID), Device: chat.Device{Agent: r.Agent, Place: r.Place}, Detail: r.Detail,
		}
		if r.ActorID != nil {
			list[i].Actor = chat.UserID(*r.ActorID)
		}
	}
	return list, nil
}

// DeviceSeen reports whether the audit has an entry of this action about a person from a device since a time.
func (s *Store) DeviceSeen(ctx context.Context, user chat.UserID, a chat.AuditAction, d chat.Device, since time.Time) (bool, error) {
	seen, err := s.reads.DeviceSeen(ctx, query.DeviceSeenParams{
		UserID: int64(user), Action: string(a), Since: millis(since), Agent: d.Agent, Place: d.Place,
	})
	if err != nil {
		return false, fmt.Errorf("look for device: %w", classify(err))
	}
	return seen, nil
}
