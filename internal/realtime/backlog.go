package realtime

import (
	"errors"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
)

// backlog is what a slow reader has not been sent yet, frames one behind the other. It exists only while there is something; then a goroutine
// of its own writes it. Guarded by the transport's writing.
type backlog struct {
	sending, waiting []byte
	until            time.Time // by when all must be out; zero until the end is in sight
}

// backlogStep is what is written at once: each step has the whole write timeout, so a reader that is slow but reads is not cut off.
const backlogStep = 32 << 10

func newBacklog(rest []byte) *backlog { return &backlog{waiting: append([]byte(nil), rest...)} }

// add appends a frame, unless too much waits already.
func (b *backlog) add(frame []byte, most int) bool {
	if len(b.sending)+len(b.waiting)+len(frame) > most {
		return false
	}
	b.waiting = append(b.waiting, frame...)
	return true
}

// finish appends the close frame, and says until when it has to be out.
func (b *backlog) finish(frame []byte, until time.Time) {
	b.waiting, b.until = append(b.waiting, frame...), until
}

// catchUp writes the backlog until it is empty, or until the reader takes nothing for too long.
func (t *transport) catchUp(b *backlog) {
	for {
		step := t.nextStep(b)
		if step == nil {
			return
		}
		if _, err := t.conn.Write(step); err != nil {
			t.fellBehind(err)
			return
		}
	}
}

// nextStep takes the next bytes off the backlog and sets their deadline. When none are left the backlog is over.
func (t *transport) nextStep(b *backlog) []byte {
	t.writing.Lock()
	defer t.writing.Unlock()
	if len(b.sending) == 0 {
		b.sending, b.waiting = b.waiting, nil
	}
	if len(b.sending) == 0 {
		t.behind = nil
		_ = t.conn.SetWriteDeadline(time.Time{}) // fails when it is closed, and so do writes
		return nil
	}
	step := b.sending[:min(len(b.sending), backlogStep)]
	b.sending = b.sending[len(step):]
	until := b.until
	if until.IsZero() {
		until = deadline(t.limits.WriteTimeout)
	}
	_ = t.conn.SetWriteDeadline(until) // as above
	return step
}

// fellBehind ends the connection in the middle of a frame, behind which nothing else could be read.
func (t *transport) fellBehind(err error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.note(byServer, centrifuge.DisconnectSlow.Code)
	}
	t.over, t.behind = true, nil
	_ = t.cut(true) // the reading side ends by that
}
