package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// client asks over HTTP for what is not measured: accounts, rooms, members, and history after a gap.
type client struct{ http *http.Client }

func newClient() *client {
	return &client{&http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: settlers, MaxConnsPerHost: settlers, ForceAttemptHTTP2: false},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a token goes nowhere else
	}}
}

// settlers is how many requests are under way at once.
const settlers = 16

// ask is one request: what it is for, and where it goes in whose name.
type ask struct{ doing, method, url, token string }

// call sends a request. Out may be nil.
func (c *client) call(ctx context.Context, a ask, in any, out json.Unmarshaler) error {
	raw, err := c.raw(ctx, a, in)
	if err == nil && out != nil {
		err = out.UnmarshalJSON(raw)
	}
	if err != nil {
		return plain(err)
	}
	return nil
}

func (c *client) raw(ctx context.Context, a ask, in any) ([]byte, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, a.method, a.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.doing, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxFrame))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.doing, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode >= http.StatusMultipleChoices {
		return nil, problem(a.doing, resp.StatusCode, answer)
	}
	return answer, nil
}

// each calls f for every number below n, some at a time, until one fails or the context ends.
func each(ctx context.Context, n, workers int, f func(int) error) error {
	var next atomic.Int64
	var once sync.Once
	var first error
	var wg sync.WaitGroup
	for range min(n, workers) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				err := ctx.Err()
				if err == nil {
					err = f(i)
				}
				if err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
				}
			}
		})
	}
	wg.Wait()
	return first
}

// pause returns early, with an error, when the context ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
