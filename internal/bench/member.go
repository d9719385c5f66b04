package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// member is a person with a socket, which comes back when it ends.
type member struct {
	run     *run
	index   int
	place   *place
	id      int64
	name    string
	token   string
	decoder *decoder
	link    atomic.Pointer[link]

	mu      sync.Mutex // guards what follows
	tallies []tally    // one for each room
	heard   heard
	gone    error // why it will not come back
}

// patience is how long one command may take while people come.
const patience = 30 * time.Second

// come opens the socket and listens to the member's rooms. After a gap it reads what it missed, as the web client does.
func (m *member) come(ctx context.Context, again bool) error {
	l, err := m.place.open(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer stop()
	m.run.readers.Go(func() { m.read(l) })
	_, err = l.call(doingConnect, []byte(`"connect":{"token":"`+m.token+`"}`), patience)
	for i := 0; err == nil && i < len(m.tallies); i++ {
		_, err = l.call(doingSubscribe, []byte(`"subscribe":{"channel":"`+m.run.rooms[m.tallies[i].room].channel+`"}`), patience)
	}
	for i := 0; again && err == nil && i < len(m.tallies); i++ {
		err = m.catchUp(ctx, i)
	}
	if err != nil {
		_ = l.conn.Close()
		<-l.ended
		if closing := new(closed); errors.As(l.err, &closing) {
			err = l.err // says more than that the socket is closed
		}
		return fmt.Errorf("%s: %w", m.name, err)
	}
	m.link.Store(l)
	select {
	case <-l.ended: // its reader may have found no link to take back
		if m.link.CompareAndSwap(l, nil) {
			return fmt.Errorf("%s: %w", m.name, l.err)
		}
	default:
	}
	return nil
}

// read hears frames until the socket ends, and sees to it that the member comes back.
func (m *member) read(l *link) {
	for l.err == nil {
		var frame []byte
		if frame, l.err = l.next(); l.err == nil {
			l.err = m.hear(l, frame)
		}
	}
	_ = l.conn.Close()
	if m.link.CompareAndSwap(l, nil) && m.run.open.Load() {
		m.run.away.Add(1) // before its end is told: who waits for that finds somebody away
		m.run.readers.Go(func() { m.comeBack(l.err) })
	}
	close(l.ended)
}

// Clients that come back wait a random time first, and longer each time: at once and together they would be a second outage.
const (
	firstPause   = time.Second
	longestPause = 8 * time.Second
)

func (m *member) comeBack(why error) {
	r := m.run
	defer r.away.Add(-1) // when it is counted
	dropped := r.now()
	for most := firstPause; ; most = min(2*most, longestPause) {
		if end := new(closed); errors.As(why, &end) && end.final() {
			m.mu.Lock()
			m.gone = why
			m.mu.Unlock()
			return
		}
		if pause(r.ctx, rand.N(most)) != nil || !r.open.Load() { //nolint:gosec // no secret
			return
		}
		if why = m.come(r.ctx, true); why == nil {
			r.reconnects.Add(1)
			r.healed.add(r.now() - dropped)
			return
		}
		r.refused(why)
	}
}

// catchUp reads what changed in a room since the newest revision that was seen before the gap.
func (m *member) catchUp(ctx context.Context, i int) error {
	m.mu.Lock()
	since, number := m.tallies[i].revision, m.run.rooms[m.tallies[i].room].id
	m.mu.Unlock()
	d := newDecoder(m.run)
	for more := true; more; {
		url := fmt.Sprintf("%s/api/v1/rooms/%d/changes?since=%d&limit=500", m.place.base(), number, since)
		raw, err := m.run.client.raw(ctx, ask{doingCatchUp, "GET", url, m.token}, nil)
		if no := new(refusal); errors.As(err, &no) && no.after > 0 {
			m.run.refused(err)
			if err := pause(ctx, no.after+rand.N(no.after)); err != nil { //nolint:gosec // no secret
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		var events []event
		if events, more, since, err = d.page(raw); err != nil {
			return fmt.Errorf("%s: %w", doingCatchUp, err)
		}
		m.mu.Lock()
		for _, e := range events {
			m.enter(e, m.run.now(), true)
		}
		m.mu.Unlock()
	}
	return nil
}

func (m *member) hear(l *link, frame []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.run.now()
	for raw := range bytes.SplitSeq(frame, []byte{'\n'}) {
		if len(raw) == 0 {
			continue
		}
		events, known := m.run.recent.recall(raw)
		if !known {
			said, err := m.decoder.line(raw)
			switch {
			case err != nil:
				return fmt.Errorf("what the server said is no reply or push: %w", err)
			case said.ping:
				err = l.write(ws.NewTextFrame([]byte(`{}`)))
			case said.id != 0:
				select {
				case l.replies <- said:
				default:
					err = errors.New("a reply that nobody asked for")
				}
			}
			if err != nil {
				return err
			}
			if events = said.events; events != nil {
				m.run.recent.remember(raw, events)
			}
		}
		if len(events) > 0 && int64(events[0].post.due) >= m.run.from.Load() {
			m.heard.publications++
			m.heard.messages += len(events)
		}
		for _, e := range events {
			m.enter(e, now, false)
		}
	}
	return nil
}

// heard is what came over the socket in the measured time.
type heard struct{ publications, messages int }

// enter puts a message into the account. The caller holds the lock.
func (m *member) enter(e event, now time.Duration, history bool) {
	t := m.tally(e.room)
	if t == nil {
		m.run.strange.Add(1) // a room it is not in
		return
	}
	t.revision = max(t.revision, e.revision)
	var fresh bool
	if history {
		fresh = t.fill(e.number)
	} else {
		fresh = t.take(e.number, m.run.sentAgain(e))
	}
	if !e.faithful || !m.run.rooms[e.room].agrees(e) {
		t.altered++
		return
	}
	if !fresh || int64(e.post.due) < m.run.from.Load() {
		return
	}
	if history {
		m.run.caughtUp.Add(1)
	} else {
		m.run.receipts[m.index%len(m.run.receipts)].add(now - e.post.due)
		m.run.newest.raise(int64(now))
	}
	m.run.senders[e.post.sender].reached(e.post, now)
}

func (m *member) tally(room int) *tally {
	for i := range m.tallies {
		if m.tallies[i].room == room {
			return &m.tallies[i]
		}
	}
	return nil
}

// complete says whether the member knows everything that was acknowledged, or never will.
func (m *member) complete() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.tallies {
		if m.gone == nil && m.tallies[i].lost(m.run.rooms[m.tallies[i].room].last.Load()) > 0 {
			return false
		}
	}
	return true
}
