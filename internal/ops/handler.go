package ops

import (
	"net/http"
	"net/http/pprof"
)

// NewHandler returns the whole operators' door: /health/live, /health/ready, /metrics when metrics is given, and
// /debug/pprof/ when profiles are wanted. A profile takes as long as its seconds parameter says (30 by default); the
// server's write timeout must allow that.
//
// Importing net/http/pprof also puts profiles on http.DefaultServeMux, which Parley never serves.
func NewHandler(h *Health, metrics http.Handler, profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/health/live", h.Live())
	mux.Handle("/health/ready", h.Ready())
	if metrics != nil {
		mux.Handle("/metrics", readOnly(metrics))
	}
	if profiles {
		mux.Handle("/debug/pprof/", readOnly(http.HandlerFunc(pprof.Index)))
		mux.Handle("/debug/pprof/cmdline", readOnly(http.HandlerFunc(pprof.Cmdline)))
		mux.Handle("/debug/pprof/profile", readOnly(http.HandlerFunc(pprof.Profile)))
		mux.Handle("/debug/pprof/symbol", readOnly(http.HandlerFunc(pprof.Symbol)))
		mux.Handle("/debug/pprof/trace", readOnly(http.HandlerFunc(pprof.Trace)))
	}
	mux.Handle("/", readOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, http.StatusNotFound, "not_found")
	})))
	return mux
}
