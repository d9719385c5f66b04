package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Reads are pages of the newest messages of a room, read over HTTP.
type Reads struct {
	Count   int       `json:"count"`
	Rate    float64   `json:"reads_per_second"`
	Latency Quantiles `json:"latency_ms"`
	Server  float64   `json:"server_cpu_us_per_read"`
	Helpers float64   `json:"helpers_cpu_us_per_read"`
}

// newestPage is how many messages a client shows first.
const newestPage = 50

// read lets every sender read the newest page of the first room again and again. Nobody posts, so everybody is told the same.
func (r *run) read(ctx context.Context, m meter) (*Reads, error) {
	r.step("reading", 0)
	home := r.rooms[0]
	path := fmt.Sprintf("/api/v1/rooms/%d/messages?limit=%d", home.id, newestPage)
	var took histogram
	used, begun := m.read(), r.now()
	err := each(ctx, len(r.senders), len(r.senders), func(i int) error {
		who := r.members[r.senders[i].person]
		h := newHTTPLine(r, who.place)
		defer h.close()
		request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, who.place.url.Host, who.token)
		var known []byte
		// At least once, however late its turn comes.
		for end := begun + r.plan.ReadFor; (known == nil || r.now() < end) && ctx.Err() == nil; {
			sent := r.now()
			status, page, err := h.exchange(ctx, request)
			if err == nil && status != 200 {
				err = problem(doingRead, status, page)
			}
			if err == nil && !bytes.Equal(page, known) {
				known, err = bytes.Clone(page), r.checkNewest(home, page)
			}
			if err != nil {
				return err
			}
			took.add(r.now() - sent)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	spent, cost := r.now()-begun, m.read().minus(used)
	n := float64(took.sum())
	return &Reads{
		int(took.sum()), per(n, spent.Seconds()), quantiles(&took), per(micros(cost.server), n), per(micros(cost.helpers), n),
	}, nil
}

// checkNewest says whether a page is the newest messages, in order and as they were sent.
func (r *run) checkNewest(home *room, page []byte) error {
	events, _, _, err := newDecoder(r).page(page)
	if err != nil {
		return fmt.Errorf("%s: %w", doingRead, err)
	}
	last := home.last.Load()
	if len(events) != min(newestPage, int(last)) {
		return fmt.Errorf("%s: %d messages, not %d", doingRead, len(events), min(newestPage, int(last)))
	}
	for i, e := range events {
		if !e.faithful || !home.agrees(e) || e.number != last-int64(len(events)-1-i) {
			return errors.New(doingRead + ": other messages than were sent")
		}
	}
	return nil
}
