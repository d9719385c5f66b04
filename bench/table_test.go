package main

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/internal/bench"
	"parley/internal/parleytest"
)

// reading is a load after which the newest page is read.
func reading() bench.Plan {
	return bench.Plan{
		Connections: 3, Rooms: 1, Members: 3, Senders: 2, Posts: 60, BodyBytes: bodyBytes, Via: bench.ViaHTTP, Duration: 20 * time.Second,
		Drain: 20 * time.Second, ReadFor: 50 * time.Millisecond,
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	r, err := bench.Run(context.Background(), reading(), at(parleytest.Start(t).Addr()), bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Clean() || r.Posts != 60 || r.Reads == nil || r.Reads.Count < 2 || r.Reads.Latency.Count != int64(r.Reads.Count) {
		t.Errorf("%+v, %+v", r, r.Reads)
	}
}

// A page that is not what was sent last is no page, however fast it comes.
func TestReads_otherMessages(t *testing.T) {
	t.Parallel()
	f := newFloor().handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/messages") {
			_, _ = io.WriteString(w, `{"items":[],"has_more":false}`)
			return
		}
		f.ServeHTTP(w, r)
	}))
	defer server.Close()
	if _, err := bench.Run(context.Background(), reading(), bench.Server{URLs: []string{server.URL}}, bench.Options{}); err == nil || !strings.Contains(err.Error(), "0 messages, not 50") {
		t.Errorf("the error is %v", err)
	}
}

func TestWorkloadMeetsItsBar(t *testing.T) {
	t.Parallel()
	closed, open := workload{members: 10, cpu: 0.4, other: 2000}, workload{members: 500, rate: 50, cpu: 9.5, other: 10}
	for name, c := range map[string]struct {
		of         workload
		server, db float64 // microseconds a post
		rate, p99  float64
		text       string
		missed     bool
	}{
		"cheap and fast":            {of: closed, server: 300, db: 100, rate: 2000, text: "0.40 s · 2,000/s"},
		"the database counts":       {of: closed, server: 300, db: 110, rate: 2000, text: "**0.41 s** · 2,000/s", missed: true},
		"cheap and slow":            {of: closed, server: 300, rate: 1999, text: "0.30 s · **1,999/s**", missed: true},
		"at a rate":                 {of: open, server: 4000, db: 750, p99: 10, text: "9.5 s · 10.0 ms"},
		"at a rate, too late":       {of: open, server: 4000, p99: 10.1, text: "8.0 s · **10.1 ms**", missed: true},
		"at a rate, too much of it": {of: open, server: 4000, db: 800, p99: 9, text: "**9.6 s** · 9.0 ms", missed: true},
	} {
		r := &bench.Report{PostsRate: c.rate, Cost: &bench.Cost{PerPost: c.server, HelpersPerPost: c.db}}
		r.Latency.Receipt.P99 = c.p99
		if got := c.of.cell(r, nil); got.Text != c.text || got.Missed != c.missed {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	s := &survey{out: output{io.Discard, io.Discard}, cmd: &tableCmd{}}
	s.add("posts", "≤ 1", "SQLite, HTTP", cell{Text: "0.5"})
	s.add("posts", "≤ 1", "Postgres, socket", cell{Text: "**2**", Missed: true})
	s.add("memory", "≤ 16", "SQLite", cell{Text: "9", Faults: []string{"a socket ended"}})
	s.figures.Growth = []growth{
		{Axis: alongRooms, Rooms: 10, Connections: 1000, PerPost: 400},
		{Axis: alongRooms, Rooms: 1000, Connections: 1000, PerPost: 440},
		{Axis: alongConnections, Rooms: 5, Connections: 100, PerPost: 400},
		{Axis: alongConnections, Rooms: 500, Connections: 10_000, PerPost: 1200},
	}
	said := s.figures.markdown()
	for _, want := range []string{
		"| posts | ≤ 1 | 0.5 | – | – | **2** |\n", "| memory | ≤ 16 | 9 NOT CLEAN | – |\n",
		"From 10 to 1,000 rooms a post costs 1.10 times as much.", "From 100 to 10,000 connections a post costs 3.00 times as much.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if err := s.tell(); err == nil || !strings.Contains(err.Error(), "a socket ended") {
		t.Errorf("an unclean run ends with %v", err)
	}
	for d := xml.NewDecoder(strings.NewReader(string(s.figures.plot()))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the plot is no XML: %v", err)
		}
	}
}
