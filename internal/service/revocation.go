package service

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"parley/internal/chat"
	"parley/internal/session"
)

// List returns the actor's sessions, the latest used first.
func (s *Sessions) List(ctx context.Context, actor chat.Actor) ([]chat.Session, error) {
	kept, err := s.families.List(ctx, int64(actor.User))
	if err != nil {
		return nil, sessionError(err)
	}
	list := make([]chat.Session, len(kept))
	for i, k := range kept {
		list[i] = chat.Session{
			ID: chat.SessionID(k.ID), Device: chat.Device(k.Device), CreatedAt: k.CreatedAt, UsedAt: k.UsedAt,
			Current: chat.SessionID(k.ID) == actor.Session,
		}
	}
	return list, nil
}

// Revoke ends one of the actor's sessions. One that is not theirs, or over, is chat.ErrSessionNotFound.
func (s *Sessions) Revoke(ctx context.Context, actor chat.Actor, id chat.SessionID, d chat.Device) error {
	ended, ok, err := s.families.End(ctx, int64(actor.User), string(id))
	if err != nil {
		return sessionError(err)
	}
	if !ok {
		return chat.ErrSessionNotFound
	}
	s.ended(live(ctx), actor.User, d, ended)
	return nil
}

// RevokeAll ends all of the actor's sessions, or all but the one that asks.
func (s *Sessions) RevokeAll(ctx context.Context, actor chat.Actor, keepCurrent bool, d chat.Device) error {
	all := ending{user: actor.User, by: actor.User, device: d}
	if keepCurrent {
		all.except = actor.Session
	}
	return s.end(ctx, all)
}

// endAll ends all sessions of a person on behalf of somebody else.
func (s *Sessions) endAll(ctx context.Context, actor chat.Actor, user chat.UserID, d chat.Device) error {
	return s.end(ctx, ending{user: user, by: actor.Recorded(), device: d})
}

// ended stops the access of sessions that have ended at somebody's word, and writes it down.
func (s *Sessions) ended(ctx context.Context, by chat.UserID, d chat.Device, list ...session.Session) {
	s.revoke(list...)
	entries := make([]chat.AuditEntry, len(list))
	for i, e := range list {
		entries[i] = chat.AuditEntry{Action: chat.AuditSessionEnded, Actor: by, User: chat.UserID(e.User), Session: chat.SessionID(e.ID)}
	}
	s.recordLate(ctx, d, entries, nil)
}

// revoke stops the access of sessions: here before it returns, on other nodes as soon as they hear of it.
func (s *Sessions) revoke(list ...session.Session) {
	if len(list) == 0 {
		return
	}
	refs := make([]session.Ref, len(list))
	sessions := make([]chat.SessionID, len(list))
	for i, e := range list {
		refs[i], sessions[i] = session.Ref{ID: e.ID, User: e.User}, chat.SessionID(e.ID)
	}
	s.revoked.Add(refs...)
	s.publisher.Revoke(chat.UserID(list[0].User), sessions...)
}

// Revoked takes note of sessions that have ended, here or on another node.
func (s *Sessions) Revoked(user chat.UserID, ids ...chat.SessionID) {
	refs := make([]session.Ref, len(ids))
	for i, id := range ids {
		refs[i] = session.Ref{ID: string(id), User: int64(user)}
	}
	s.revoked.Add(refs...)
}

// HasEnded reports whether this node knows that a session ended before its time.
func (s *Sessions) HasEnded(id chat.SessionID) bool { return s.revoked.Has(string(id)) }

// clockTolerance is how far the clocks of two nodes may differ without one missing what ended at the other.
const clockTolerance = time.Minute

// CatchUp takes note of the sessions that ended while this node was not listening: before its start, and when a message from another node
// was lost. Before that it ends those that could not be ended when they should have been. Call it before the first request, when this node hears
// the others again, and from time to time.
func (s *Sessions) CatchUp(ctx context.Context) error {
	s.catchingUp.Lock()
	defer s.catchingUp.Unlock()
	if err := s.settle(ctx); err != nil {
		return fmt.Errorf("end sessions that were to end before: %w", sessionError(err))
	}
	at := now(s.clock)
	since := s.caughtUp.Add(-clockTolerance)
	if s.caughtUp.IsZero() {
		since = at.Add(-s.families.Policy().Remember)
	}
	refs, err := s.families.Ended(ctx, since)
	if err != nil {
		return fmt.Errorf("catch up with ended sessions: %w", sessionError(err))
	}
	for _, missed := range s.revoked.Add(refs...) {
		s.publisher.Revoke(chat.UserID(missed.User), chat.SessionID(missed.ID))
	}
	s.caughtUp = at
	return nil
}

// record writes to the audit and gives notices, with their time and device filled in, and announces the notices.
func (s *Sessions) record(ctx context.Context, d chat.Device, entries []chat.AuditEntry, notices []chat.Notice) error {
	if len(entries) == 0 && len(notices) == 0 {
		return nil
	}
	at := now(s.clock)
	for i := range entries {
		entries[i].At, entries[i].Device = at, d
	}
	for i := range notices {
		notices[i].At, notices[i].Device = at, d
	}
	if err := s.store.Record(ctx, entries, notices); err != nil {
		return err
	}
	for _, n := range notices {
		s.publisher.Announce(chat.Event{Type: chat.EventNoticeAdded, At: at, User: n.User})
		s.mails.noteNotice(live(ctx), n)
	}
	return nil
}

// recordLate records what has happened already and cannot be taken back; failing is only worth a line in the log.
func (s *Sessions) recordLate(ctx context.Context, d chat.Device, entries []chat.AuditEntry, notices []chat.Notice) {
	if err := s.record(ctx, d, entries, notices); err != nil {
		s.log.ErrorContext(ctx, "not in the audit", slog.Any("error", err), slog.Any("entries", entries))
	}
}
