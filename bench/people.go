package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"parley/internal/contract"
)

// person is somebody who has signed up.
type person struct {
	id    int64
	token string
}

// desk does over HTTP what has to be done before the load: accounts, one room, its members. It is not measured.
type desk struct {
	address string
	client  http.Client
}

// settlers is how many requests are under way at once while everybody signs up.
const settlers = 8

// settle makes a room with that many people in it.
func (d *desk) settle(ctx context.Context, members int) (*room, error) {
	// A database that is used again has the names of earlier runs.
	suffix := strings.ToLower(rand.Text()[:8])
	r := &room{people: make([]person, members)}
	err := each(members, settlers, func(i int) error {
		var s contract.Session
		name := fmt.Sprintf("bench-%s-%d", suffix, i)
		err := d.do(ctx, "/auth/signup", "", map[string]string{"username": name, "password": "a bench's " + rand.Text()}, &s)
		r.people[i] = person{id: int64(s.User.ID), token: s.AccessToken}
		return err
	})
	if err != nil {
		return nil, err
	}
	var made contract.Room
	if err := d.do(ctx, "/rooms", r.people[0].token, map[string]string{"name": "Bench " + suffix, "kind": "public"}, &made); err != nil {
		return nil, err
	}
	r.id, r.channel = int64(made.ID), fmt.Sprintf("room:%d", made.ID)
	return r, each(members-1, settlers, func(i int) error {
		var joined contract.Room
		return d.do(ctx, fmt.Sprintf("/rooms/%d/join", r.id), r.people[i+1].token, nil, &joined)
	})
}

func (d *desk) do(ctx context.Context, path, token string, in any, out json.Unmarshaler) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+d.address+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("POST %s: status %d: %s", path, resp.StatusCode, answer)
	}
	return out.UnmarshalJSON(answer)
}

// each calls f for every number below n, some at a time, until one fails.
func each(n, workers int, f func(int) error) error {
	var next atomic.Int64
	var once sync.Once
	var first error
	var wg sync.WaitGroup
	for range min(n, workers) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
				}
			}
		})
	}
	wg.Wait()
	return first
}
