package wire

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ogen-go/ogen/validate"

	"parley/internal/chat"
	"parley/internal/contract"
)

// statuses is the one table from kinds of failure to HTTP statuses. The socket's numeric error codes are the same numbers.
var statuses = map[chat.Kind]int{
	chat.KindInternal:        http.StatusInternalServerError,
	chat.KindInvalid:         http.StatusBadRequest,
	chat.KindUnauthenticated: http.StatusUnauthorized,
	chat.KindForbidden:       http.StatusForbidden,
	chat.KindNotFound:        http.StatusNotFound,
	chat.KindConflict:        http.StatusConflict,
	chat.KindTooLarge:        http.StatusRequestEntityTooLarge,
	chat.KindRateLimited:     http.StatusTooManyRequests,
	chat.KindUnavailable:     http.StatusServiceUnavailable,
	chat.KindNoSpace:         http.StatusInsufficientStorage,
	chat.KindGone:            http.StatusGone,
}

var errInternal = &chat.Error{Kind: chat.KindInternal, Code: "internal", Detail: "Something went wrong on our side. It has been noted."}

// errTooSlow is a deadline of ours that passed: the work was too slow, not wrong.
var errTooSlow = chat.ErrUnavailable

// Problem is an error as clients see it (RFC 9457). Its status is in it. An error that nobody classified becomes a generic one, whatever
// it says, and known is false: it belongs in the log.
func Problem(err error, requestID string) (p contract.Problem, known bool) {
	var e *chat.Error
	if !errors.As(err, &e) || e.Kind == chat.KindInternal {
		e = errInternal
		if errors.Is(err, context.DeadlineExceeded) {
			e = errTooSlow
		}
	}
	status := statuses[e.Kind]
	p = contract.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: e.Code}
	if e.Detail != "" {
		p.Detail = contract.NewOptString(e.Detail)
	}
	if requestID != "" {
		p.RequestID = contract.NewOptString(requestID)
	}
	if e.RetryAfter > 0 {
		p.RetryAfterMs = contract.NewOptInt64(e.RetryAfter.Milliseconds())
	}
	if ways := e.Reauthentication; ways != nil {
		p.Reauthentication = contract.NewOptReauthentication(contract.Reauthentication{
			Password: ways.Password, SecondFactor: ways.SecondFactor, Passkey: ways.Passkey, Providers: slices.Concat([]string{}, ways.Providers),
		})
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, contract.FieldError{Field: f.Field, Code: f.Code, Detail: f.Detail})
	}
	return p, e != errInternal
}

// RetryAfterSeconds is a delay as the Retry-After header has it, rounded up.
func RetryAfterSeconds(ms int64) int {
	return int((time.Duration(ms)*time.Millisecond + time.Second - 1) / time.Second)
}

// Malformed classifies what the generated decoders say of an input: which fields are missing, of the wrong type or out of bounds.
func Malformed(err error) *chat.Error {
	var faults chat.Faults
	var invalid *validate.Error
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			code, detail := "invalid", "This value is not acceptable: "+f.Error.Error()+"."
			if errors.Is(f.Error, validate.ErrFieldRequired) {
				code, detail = "required", "This is needed."
			}
			faults.Add(f.Name, code, detail)
		}
	} else if field := fieldPath(err); field != "" {
		faults.Add(field, "wrong_type", "This value has the wrong type.")
	}
	if len(faults) > 0 {
		return &chat.Error{Kind: chat.KindInvalid, Code: "invalid", Detail: "Some fields are missing or wrong.", Fields: faults}
	}
	return &chat.Error{Kind: chat.KindInvalid, Code: "malformed", Detail: "This is not the JSON that was expected."}
}

// The generated decoders name the place of a wrong type only in their text, outermost first.
var decodeField = regexp.MustCompile(`decode field "([^"]+)"`)

func fieldPath(err error) string {
	var path []string
	for _, m := range decodeField.FindAllStringSubmatch(err.Error(), 8) {
		path = append(path, m[1])
	}
	return strings.Join(path, ".")
}
