package store_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	postgres := func(code string) error { return fmt.Errorf("query: %w", &pgconn.PgError{Code: code}) }
	for name, tt := range map[string]struct {
		err  error
		want *chat.Error // nil: our own fault
	}{
		"disk_full":              {postgres("53100"), chat.ErrDiskFull},
		"too_many_connections":   {postgres("53300"), chat.ErrUnavailable},
		"starting_up":            {postgres("57P03"), chat.ErrUnavailable},
		"ended_by_administrator": {postgres("57P01"), chat.ErrUnavailable},
		"statement_timeout":      {postgres("57014"), chat.ErrUnavailable},
		"idle_in_transaction":    {postgres("25P03"), chat.ErrUnavailable},
		"lock_timeout":           {postgres("55P03"), chat.ErrUnavailable},
		"standby":                {postgres("25006"), chat.ErrUnavailable},
		"input_output":           {postgres("58030"), chat.ErrUnavailable},
		"password_changed":       {fmt.Errorf("dial: %w", &pgconn.ConnectError{}), chat.ErrUnavailable},
		"deadline":               {context.DeadlineExceeded, chat.ErrUnavailable},
		"broken_connection":      {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), chat.ErrUnavailable},
		"reset":                  {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, chat.ErrUnavailable},
		"bad_connection":         {driver.ErrBadConn, chat.ErrUnavailable},
		"syntax":                 {postgres("42601"), nil},
		"not_null":               {postgres("23502"), nil},
		"anything":               {errors.New("anything"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := store.ClassifyForTest(tt.err)
			if tt.want == nil && chat.KindOf(got) != chat.KindInternal || tt.want != nil && !errors.Is(got, tt.want) {
				t.Errorf("%v is %v, want %v", tt.err, got, tt.want)
			}
			if !errors.Is(got, tt.err) {
				t.Errorf("the cause is lost: %v", got)
			}
		})
	}
	if got := store.ClassifyForTest(chat.ErrRoomNotFound); !errors.Is(got, chat.ErrRoomNotFound) {
		t.Errorf("classified twice: %v", got)
	}
	if got := store.ClassifyForTest(context.Canceled); chat.KindOf(got) == chat.KindUnavailable {
		t.Errorf("a caller who hung up is no fault of the database: %v", got)
	}
}

// database/sql takes a transaction back by itself when its time is up, and tells whoever asks next that it is over. They were answered 500.
func TestTransaction_whose_time_is_up(t *testing.T) {
	t.Parallel()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	over := fmt.Errorf("record: %w", sql.ErrTxDone)
	if got := store.EndedForTest(late, over); !errors.Is(got, chat.ErrUnavailable) {
		t.Errorf("after its time: %v", got)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if got := store.EndedForTest(left, over); !errors.Is(got, context.Canceled) || chat.KindOf(got) == chat.KindUnavailable {
		t.Errorf("after the caller left: %v", got)
	}
	if got := store.EndedForTest(t.Context(), over); chat.KindOf(got) != chat.KindInternal {
		t.Errorf("a transaction that was used after its end is our fault: %v", got)
	}
}

func TestClassifyOpen_waits_only_for_what_may_come(t *testing.T) {
	t.Parallel()
	for code, waits := range map[string]bool{"28P01": false, "28000": false, "3D000": false, "42501": false, "57P03": true, "53300": true} {
		got := store.ClassifyOpenForTest(&pgconn.PgError{Code: code})
		if errors.Is(got, chat.ErrUnavailable) != waits || errors.Is(got, store.ErrRefused) == waits {
			t.Errorf("%s: %v", code, got)
		}
	}
	if got := store.ClassifyOpenForTest(&tls.CertificateVerificationError{Err: errors.New("expired")}); !errors.Is(got, store.ErrRefused) {
		t.Errorf("a wrong certificate: %v", got)
	}
}

// When SQLite cannot grow its file: a clear error, what is there can be read and is whole, and space that comes back is enough.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := storetest.Open(t, storetest.URL(t, store.SQLite))
	maya := newUser(t, s, "maya")
	room := newRoom(t, s, maya, "releases")
	have, err := s.LimitPages(ctx, 1<<30)
	if err == nil {
		_, err = s.LimitPages(ctx, have+4)
	}
	if err != nil {
		t.Fatal(err)
	}
	insert := func(key string) error {
		_, _, err := s.InsertMessage(ctx, chat.Message{Room: room, Author: maya, Body: strings.Repeat("x", 4000), ClientKey: key, CreatedAt: at})
		return err
	}
	stored := 0
	for err == nil && stored < 100 {
		if err = insert(key("k", stored)); err == nil {
			stored++
		}
	}
	if !errors.Is(err, chat.ErrDiskFull) {
		t.Fatalf("after %d messages: %v", stored, err)
	}
	if list, err := s.ListMessagesAfter(ctx, room, 0, 200); err != nil || len(list) != stored {
		t.Errorf("%d messages, %v; want the %d that were acknowledged", len(list), err, stored)
	}
	if err := s.CheckDamage(ctx); err != nil {
		t.Error(err)
	}
	if _, err := s.LimitPages(ctx, 1<<30); err != nil {
		t.Fatal(err)
	}
	for i := range stored + 1 { // everything again: what is there, and the one that found no room
		if err := insert(key("k", i)); err != nil {
			t.Errorf("with space again: %v", err)
		}
	}
	list, err := s.ListMessagesAfter(ctx, room, 0, 200)
	if err != nil || len(list) != stored+1 || list[stored].Number != int64(stored+1) {
		t.Errorf("%d messages, %v; want %d without a gap", len(list), err, stored+1)
	}
}
