package httpapi

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// answered is what a client has of an answer.
type answered struct {
	status int
	length int64 // -1: not known beforehand
	body   string
}

// ask serves one answer through the middleware that holds answers back, and reads it.
func ask(t *testing.T, answer http.HandlerFunc) (answered, error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	server := httptest.NewServer(logRequests(log)((&problems{log: log}).recovered(answer)))
	t.Cleanup(server.Close)
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		return answered{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answered{resp.StatusCode, resp.ContentLength, string(body)}, err
}

// pieces writes an answer in many of them.
func pieces(status, n int, piece string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		for range n {
			_, _ = io.WriteString(w, piece)
		}
	}
}

func TestAnswerInPiecesIsSentWhole(t *testing.T) {
	t.Parallel()
	piece := strings.Repeat("x", 512)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   answered
	}{
		"a page":              {pieces(200, 40, piece), answered{200, 40 * 512, strings.Repeat(piece, 40)}},
		"as long as is held":  {pieces(201, mostHeld/512, piece), answered{201, mostHeld, strings.Repeat(piece, mostHeld/512)}},
		"longer than is held": {pieces(200, mostHeld/512+1, piece), answered{200, -1, strings.Repeat(piece, mostHeld/512+1)}},
		"nothing":             {pieces(204, 0, ""), answered{204, 0, ""}},
		"not even a status":   {func(http.ResponseWriter, *http.Request) {}, answered{200, 0, ""}},
		"a length of its own": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1024")
			pieces(200, 2, piece)(w, nil)
		}, answered{200, 1024, piece + piece}},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, piece)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(w, piece)
		}, answered{200, -1, piece + piece}},
	} {
		if got, err := ask(t, c.answer); err != nil || got != c.want {
			t.Errorf("%s: %v, status %d, length %d, %d bytes", name, err, got.status, got.length, len(got.body))
		}
	}
}

// Half an answer does not pass for a whole one, whether it is still held or not.
func TestAnswerThatPanicsIsCut(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, mostHeld/512 + 1} {
		_, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
			pieces(200, n, strings.Repeat("x", 512))(w, nil)
			panic("in the middle")
		})
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d pieces: %v", n, err)
		}
	}
}
