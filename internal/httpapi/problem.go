package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/go-faster/jx"
	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/ogen-go/ogen/validate"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/telemetry"
	"parley/internal/wire"
)

// problems turns every error of this door into application/problem+json: those of the service, those of the generated code, and those of
// the router.
type problems struct {
	log *slog.Logger
}

var (
	errNoRoute     = &chat.Error{Kind: chat.KindNotFound, Code: "no_such_endpoint", Detail: "There is nothing at this address."}
	errTooLarge    = &chat.Error{Kind: chat.KindTooLarge, Code: "body_too_large", Detail: "The request's body is larger than this server takes."}
	errCrossOrigin = &chat.Error{Kind: chat.KindForbidden, Code: "cross_origin", Detail: "Another site may not do this in your name."}
)

// NewError gives an error of the service its status and its Problem. The generated server calls it.
func (h *handler) NewError(ctx context.Context, err error) *contract.ProblemStatusCodeWithHeaders {
	p := h.problems.of(ctx, err)
	out := &contract.ProblemStatusCodeWithHeaders{StatusCode: p.Status, Response: p}
	if ms, ok := p.RetryAfterMs.Get(); ok {
		out.RetryAfter = contract.NewOptInt(wire.RetryAfterSeconds(ms))
	}
	return out
}

// of turns an error into its Problem, and logs it when it is our fault.
func (p *problems) of(ctx context.Context, err error) contract.Problem {
	var security *ogenerrors.SecurityError
	if errors.As(err, &security) && chat.KindOf(err) == chat.KindInternal {
		err = chat.ErrUnauthenticated // no token, or one in another scheme
	}
	out, known := wire.Problem(err, telemetry.RequestID(ctx))
	// What is unavailable is known, and why it is belongs in the log all the same.
	if (!known || out.Status >= http.StatusInternalServerError) && !errors.Is(err, context.Canceled) && !isTurnedAway(ctx) {
		p.log.ErrorContext(ctx, "request failed", slog.Any("error", err))
	}
	return out
}

// write sends an error as a Problem.
func (p *problems) write(ctx context.Context, w http.ResponseWriter, err error) {
	p.send(w, p.of(ctx, err))
}

func (p *problems) send(w http.ResponseWriter, out contract.Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if ms, ok := out.RetryAfterMs.Get(); ok {
		h.Set("Retry-After", strconv.Itoa(wire.RetryAfterSeconds(ms)))
	}
	w.WriteHeader(out.Status)
	var e jx.Encoder
	out.Encode(&e)
	_, _ = w.Write(e.Bytes()) // a client that hung up is nobody to tell
}

// handle gets what the generated server refuses by itself: bodies and parameters that do not fit the contract, and missing tokens.
func (p *problems) handle(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
	var (
		params   *ogenerrors.DecodeParamsError
		param    *ogenerrors.DecodeParamError
		request  *ogenerrors.DecodeRequestError
		media    *validate.InvalidContentTypeError
		tooLarge *http.MaxBytesError
	)
	switch {
	case errors.As(err, &tooLarge):
		err = errTooLarge
	case errors.Is(err, wire.ErrAmbiguous):
		err = wire.ErrAmbiguous
	case errors.As(err, &media):
		p.status(ctx, w, http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/json.")
		return
	case errors.As(err, &request):
		err = wire.Malformed(request.Err).Because(err)
	case errors.As(err, &param):
		err = badParameter(param).Because(err)
	case errors.As(err, &params):
		err = wire.Malformed(params.Err).Because(err)
	}
	p.write(ctx, w, err)
}

// badParameter names the parameter that does not fit. In a path it names a thing that cannot exist, which is not found like any other.
func badParameter(e *ogenerrors.DecodeParamError) *chat.Error {
	if e.In == "path" {
		return &chat.Error{
			Kind: chat.KindNotFound, Code: strings.TrimSuffix(e.Name, "_id") + "_not_found", Detail: "There is no such thing.",
			Fields: []chat.FieldError{{Field: e.Name, Code: "invalid", Detail: "This cannot name anything."}},
		}
	}
	code, detail := "invalid", "This value is not acceptable."
	var missing *validate.Error
	if errors.As(e.Err, &missing) && len(missing.Fields) > 0 && errors.Is(missing.Fields[0].Error, validate.ErrFieldRequired) {
		code, detail = "required", "This is needed."
	}
	return &chat.Error{
		Kind: chat.KindInvalid, Code: "invalid", Detail: "Some parameters are missing or wrong.",
		Fields: []chat.FieldError{{Field: e.Name, Code: code, Detail: detail}},
	}
}

func (p *problems) notFound(w http.ResponseWriter, r *http.Request) {
	p.write(r.Context(), w, errNoRoute)
}

func (p *problems) crossOrigin(w http.ResponseWriter, r *http.Request) {
	p.write(r.Context(), w, errCrossOrigin)
}

func (p *problems) methodNotAllowed(w http.ResponseWriter, r *http.Request, allowed string) {
	w.Header().Set("Allow", allowed)
	p.status(r.Context(), w, http.StatusMethodNotAllowed, "method_not_allowed", "This address does not know the method "+printableMethod(r.Method)+".")
}

// printableMethod keeps a made-up method out of the answer.
func printableMethod(m string) string {
	if len(m) > 16 || strings.Trim(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "given"
	}
	return m
}

// status sends a Problem whose status is HTTP's own business, and so no kind of chat.Error.
func (p *problems) status(ctx context.Context, w http.ResponseWriter, status int, code, detail string) {
	out := contract.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: contract.NewOptString(detail),
	}
	if id := telemetry.RequestID(ctx); id != "" {
		out.RequestID = contract.NewOptString(id)
	}
	p.send(w, out)
}

// recovered turns a panic into a 500 with its request id, and logs the stack.
func (p *problems) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { //nolint:contextcheck // it logs under the request's own context
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // the value itself is the signal to net/http
				panic(cause)
			}
			p.log.ErrorContext(r.Context(), "panic", slog.String("cause", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer is out: cut the connection rather than pass for a whole one
			}
			out, _ := wire.Problem(errPanic, telemetry.RequestID(r.Context()))
			p.send(w, out)
		}()
		next.ServeHTTP(w, r)
	})
}

var errPanic = errors.New("panic")
