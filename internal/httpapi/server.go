package httpapi

import (
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/limit"
	"parley/internal/service"
)

// Options are what the door works with.
type Options struct {
	Service   *service.Service
	Socket    http.Handler // serves /api/v1/socket
	Live      http.Handler // serves /health/live
	Ready     http.Handler // serves /health/ready
	Web       fs.FS        // the built web client
	Logger    *slog.Logger
	Clock     chat.Clock
	Timeout   time.Duration // what a request may take to be worked on; it is 503 then. Zero is no bound
	BodyBytes int64         // a larger request body is refused with 413
	// Secure says that people reach the server over https: cookies get the __Host- prefix, and browsers are told to stay on https.
	Secure bool
	// Origins are the other sites whose scripts may call the API, exactly as browsers spell them.
	Origins []string
	Budgets limit.Budgets
	Proxies limit.Proxies // whose word about a client's address is taken
	// CatchUps bounds the reads of clients that have missed something.
	CatchUps *limit.Gate
	// Registry is where the door's metrics are registered.
	Registry prometheus.Registerer
}

// New makes the door. The routes are all here; the middleware list is read from the outside in.
func New(o Options) (http.Handler, error) {
	limits := &limits{Budgets: o.Budgets, proxies: o.Proxies, log: o.Logger}
	h := &handler{service: o.Service, limits: limits, catchUps: o.CatchUps, cookie: cookieName(o.Secure), secure: o.Secure, clock: o.Clock}
	problems := &problems{log: o.Logger}
	h.problems = problems
	api, err := contract.NewServer(h, h,
		contract.WithErrorHandler(problems.handle),
		contract.WithNotFound(problems.notFound),
		contract.WithMethodNotAllowed(problems.methodNotAllowed),
	)
	if err != nil {
		return nil, err
	}
	client, err := newClient(o.Web, problems)
	if err != nil {
		return nil, err
	}
	reports, err := newCSPReports(limits, problems, o.Logger, o.Registry)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api)
	mux.Handle("/api/", http.HandlerFunc(problems.notFound))
	mux.Handle("/health/live", o.Live)
	mux.Handle("/health/ready", polled(o.Ready))
	mux.Handle("/health/", http.HandlerFunc(problems.notFound))
	// What operators and developers look at is on the operators' listener. Here the client's page would answer for it, as for every address, and a
	// scan would take that for the thing itself.
	for _, private := range []string{"/metrics", "/debug", "/docs", "/jobs", "/traces"} {
		mux.Handle(private, http.HandlerFunc(problems.notFound))
		mux.Handle(private+"/", http.HandlerFunc(problems.notFound))
	}
	h.identityRoutes(mux)
	mux.Handle("/", client)

	crossOrigin := http.NewCrossOriginProtection()
	for _, origin := range o.Origins {
		if err := crossOrigin.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	crossOrigin.SetDenyHandler(http.HandlerFunc(problems.crossOrigin))

	return chain(
		limits.withClientAddress, // who is at the other end, when a proxy stands between
		withHeaders(o.Secure),    // what a browser must and must not do
		splitSocket(o.Socket),    // the socket takes the connection over: nothing above may wrap its writer
		withRequestID,            // names the request, for the log and for the problem
		logRequests(o.Logger),    // one line a request
		problems.recovered,       // a panic is a problem too
		withCORS(o.Origins),      // which other sites may call
		splitReports(reports),    // reports come from other sites too: from those that frame us
		crossOrigin.Handler,      // and which may not call
		withBody(o.BodyBytes),    // no more than this is read, and nothing that can be read in two ways
		withDeadline(o.Timeout),  // and no longer than this is worked on it
		h.withRefreshCookie,      // the one cookie, for the endpoints that read it
		withDevice,               // where it comes from, for those that write it down
	)(mux), nil
}

type middleware func(http.Handler) http.Handler

func chain(list ...middleware) middleware {
	return func(next http.Handler) http.Handler {
		for i := len(list) - 1; i >= 0; i-- {
			next = list[i](next)
		}
		return next
	}
}
