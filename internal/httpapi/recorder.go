package httpapi

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
)

// recorder remembers the status for the log line, and holds an answer back until it is whole: then it goes out in one piece and says how long it is.
// A page of 50 messages is encoded in some forty pieces, which net/http would send as that many chunks in seven packets. An answer that is longer
// than mostHeld, or that knows its length, is not held.
type recorder struct {
	http.ResponseWriter
	status int
	sent   bool
	held   *bytes.Buffer
}

const mostHeld = 64 << 10

var holders = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func record(w http.ResponseWriter) *recorder {
	return &recorder{ResponseWriter: w, held: holders.Get().(*bytes.Buffer)} //nolint:forcetypeassert // the pool has nothing else
}

func (w *recorder) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer") // RFC 6750, section 3
	}
	shareOurWay(w.Header())
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.sent && w.held.Len()+len(b) <= mostHeld && w.Header().Get("Content-Length") == "" {
		return w.held.Write(b)
	}
	if err := w.send(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// send lets go of what is held. From then on there is no way back.
func (w *recorder) send() error {
	if w.sent {
		return nil
	}
	w.sent = true
	w.ResponseWriter.WriteHeader(w.status)
	if w.held.Len() == 0 {
		return nil
	}
	_, err := w.ResponseWriter.Write(w.held.Bytes())
	return err
}

// finish sends what is held when the handler is done. An error means that nobody waits for it any more.
func (w *recorder) finish() {
	if w.status != 0 && !w.sent {
		if w.held.Len() > 0 {
			w.Header().Set("Content-Length", strconv.Itoa(w.held.Len()))
		}
		_ = w.send()
	}
	w.held.Reset()
	holders.Put(w.held)
	w.held = nil
}

// FlushError sends what is held, for http.ResponseController.
func (w *recorder) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if err := w.send(); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap gives http.ResponseController the writer below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
