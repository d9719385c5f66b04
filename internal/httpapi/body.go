package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"parley/internal/wire"
)

// withBody bounds what is read of a request's body, and ends the reading of ambiguous JSON with wire.ErrAmbiguous. Nothing is read before the
// operation does, which looks first at who asks.
func withBody(most int64) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, most)
			if r.ContentLength != 0 {
				r.Body = &unambiguousBody{ReadCloser: r.Body}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// unambiguousBody is a body of JSON, the only kind that the contract knows.
type unambiguousBody struct {
	io.ReadCloser
	seen bytes.Buffer
}

func (b *unambiguousBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.seen.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if ambiguous := wire.Unambiguous(b.seen.Bytes()); ambiguous != nil {
			return n, ambiguous
		}
	}
	return n, err
}
