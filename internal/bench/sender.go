package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// sender posts into one room, one message after the other.
type sender struct {
	run    *run
	index  int
	person int
	room   int
	poster poster
	end    time.Duration // when it posts no more
	follow table[progress]

	acknowledged, warm, late, refusals int  // posts of the measured time, of the time before, and those that were due and not sent in it
	measured                           bool // whether a post of the measured time was sent
	altered, disordered                int  // acknowledgements that do not fit
	before                             int64
}

// progress follows one post to its last receiver.
type progress struct {
	heard atomic.Int32
	again atomic.Int32 // how often it was sent again
}

// poster is one way to post: it returns after the server has acknowledged, with the message's number.
type poster interface {
	post(ctx context.Context, p post) (int64, error)
	close()
}

// send posts until the end.
func (s *sender) send(ctx context.Context, begin, end time.Duration) error {
	r := s.run
	s.end = end
	pace := time.Duration(0)
	if r.plan.Rate > 0 {
		pace = time.Duration(float64(len(r.senders)) / r.plan.Rate * float64(time.Second))
	}
	begin += pace * time.Duration(s.index) / time.Duration(len(r.senders)) // not all at once
	most := maxPosts
	if r.plan.Posts > 0 {
		most = r.plan.Posts / len(r.senders)
	}
	for counter := 0; counter < maxPosts && s.acknowledged < most; counter++ {
		due := r.now()
		if pace > 0 {
			// A post that is sent late is counted from when it was due, or a server that stalls would stop the clock by it.
			due = begin + pace*time.Duration(counter)
			if due >= end {
				return nil
			}
			if wait := due - r.now(); wait > 0 && pause(ctx, wait) != nil {
				return nil
			}
		}
		if s.over(pace) || ctx.Err() != nil {
			s.late += unsent(due, time.Duration(r.from.Load()), end, pace)
			return nil
		}
		s.measured = s.measured || int64(due) >= r.from.Load()
		if err := s.one(ctx, post{s.index, counter, due}); err != nil {
			return fmt.Errorf("sender %d, post %d: %w", s.index, counter, err)
		}
	}
	return nil
}

// over says that it is too late for another post. Without a pace each posts at least once in what is measured, however late its turn comes: of
// nothing there is nothing to tell.
func (s *sender) over(pace time.Duration) bool {
	return s.run.now() >= s.end && (pace > 0 || s.measured)
}

// unsent counts the posts of the measured time that were due from a post on, which was not sent; without a pace none is due.
func unsent(due, from, end, pace time.Duration) int {
	if pace == 0 {
		return 0
	}
	if early := from - due; early > 0 {
		due += (early + pace - 1) / pace * pace
	}
	return int(max(end-due+pace-1, 0) / pace)
}

// one posts one message, again if it has to be. Its key makes that safe.
func (s *sender) one(ctx context.Context, p post) error {
	r := s.run
	number, err := s.poster.post(ctx, p)
	for again := 0; err != nil; again++ {
		no := new(refusal)
		switch {
		case errors.As(err, &no) && no.status != 0 && no.status < 500 && no.code != "rate_limited":
			return err
		case errors.As(err, &no):
			// Not acknowledged, so not lost. The sender waits as it was told and goes on.
			r.refused(err)
			s.refusals++
			_ = pause(ctx, min(max(no.after, 10*time.Millisecond), s.end-r.now()))
			return nil
		case ctx.Err() != nil:
			return nil
		case r.now()-p.due > r.plan.Drain:
			return err
		}
		r.retries.Add(1)
		if f := s.follow.at(int64(p.counter)); f != nil {
			f.again.Add(1)
		}
		_ = pause(ctx, time.Duration(min(again, 10))*20*time.Millisecond+time.Millisecond)
		number, err = s.poster.post(ctx, p)
	}
	s.acknowledge(p, number, r.now())
	return nil
}

// acknowledge holds an acknowledgement against what was heard: its number must stand for this post, and rise from one post to the next.
func (s *sender) acknowledge(p post, number int64, now time.Duration) {
	r := s.run
	home := r.rooms[s.room]
	if !home.agrees(event{number: number, post: p}) {
		s.altered++
		return
	}
	if number <= s.before {
		s.disordered++
	}
	s.before = number
	home.last.raise(number)
	if int64(p.due) < r.from.Load() {
		s.warm++
		return
	}
	s.acknowledged++
	r.posts.Add(1)
	r.acks.add(now - p.due)
	r.newest.raise(int64(now))
}

// sentAgain is how often the post of an event was sent again.
func (r *run) sentAgain(e event) int {
	if !e.faithful {
		return 0
	}
	if f := r.senders[e.post.sender].follow.at(int64(e.post.counter)); f != nil {
		return int(f.again.Load())
	}
	return 0
}

// reached notes that somebody heard a post.
func (s *sender) reached(p post, now time.Duration) {
	if f := s.follow.at(int64(p.counter)); f != nil && int(f.heard.Add(1)) == s.run.plan.Members {
		s.run.lasts.add(now - p.due)
	}
}

// httpPoster posts over HTTP.
type httpPoster struct {
	httpLine
	decoder *decoder
	head    []byte
	request []byte
	json    []byte
}

func newHTTPPoster(r *run, p *place, room int64, token string) *httpPoster {
	head := fmt.Appendf(nil, "POST /api/v1/rooms/%d/messages HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: ", room, p.url.Host, token)
	return &httpPoster{httpLine: newHTTPLine(r, p), decoder: newDecoder(r), head: head}
}

func (h *httpPoster) post(ctx context.Context, p post) (int64, error) {
	h.json = append(appendMessage(append(h.json[:0], '{'), p, h.run.plan.BodyBytes), '}')
	h.request = strconv.AppendInt(append(h.request[:0], h.head...), int64(len(h.json)), 10)
	h.request = append(append(h.request, "\r\n\r\n"...), h.json...)
	status, body, err := h.exchange(ctx, h.request)
	if err != nil {
		return 0, err
	}
	if status != http.StatusCreated && status != http.StatusOK {
		return 0, problem(doingPost, status, body)
	}
	h.decoder.jx.ResetBytes(body)
	e, err := h.decoder.message(h.decoder.jx)
	return e.number, err
}

// socketPoster posts with commands over the sender's own socket, on which it also listens.
type socketPoster struct {
	member  *member
	head    []byte
	command []byte
}

var errAway = errors.New("the sender's socket is away")

func newSocketPoster(m *member, room int64) *socketPoster {
	return &socketPoster{member: m, head: fmt.Appendf(nil, `"rpc":{"method":"message.post","data":{"room_id":%d,`, room)}
}

func (s *socketPoster) close() {}

func (s *socketPoster) post(_ context.Context, p post) (int64, error) {
	l := s.member.link.Load()
	if l == nil {
		return 0, errAway
	}
	plan := s.member.run.plan
	s.command = append(appendMessage(append(s.command[:0], s.head...), p, plan.BodyBytes), "}}"...)
	reply, err := l.call(doingPost, s.command, plan.Drain)
	return reply.number, err
}

// appendMessage appends the fields that a message has at both doors. Neither key nor body has anything to escape.
func appendMessage(b []byte, p post, size int) []byte {
	b = append(p.key(append(b, `"client_key":"`...)), `","body":"`...)
	return append(p.body(b, size), '"')
}
