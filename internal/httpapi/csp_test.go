package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"parley/internal/parleytest"
)

const (
	cspReports = "/api/v1/csp-reports"
	reportURI  = "application/csp-report"
	reports    = "application/reports+json"
)

// metrics reads what the server measures, as an operator does.
func metrics(t *testing.T, s *parleytest.Server) string {
	t.Helper()
	r, err := http.Get("http://" + s.OpsAddr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantMetric(t *testing.T, s *parleytest.Server, line string) {
	t.Helper()
	if all := metrics(t, s); !strings.Contains(all, "\n"+line+"\n") {
		t.Errorf("the metrics have no line %q", line)
	}
}

func TestCSPReports(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	p := s.Anonymous(t)
	p.Do(http.MethodPost, cspReports, `{"csp-report": {"document-uri": "http://chat/rooms/7", "effective-directive": "script-src-elem",
		"blocked-uri": "https://evil.example/x.js?token=s3cret", "source-file": "http://chat/assets/app.js", "line-number": 7, "disposition": "enforce"}}`,
		"Content-Type", reportURI).Want(204)
	p.Do(http.MethodPost, cspReports, `{"csp-report": {"violated-directive": "style-src-attr 'none'", "blocked-uri": "inline"}}`,
		"Content-Type", reportURI+"; charset=utf-8").Want(204)
	// From the page of another site that tried to frame ours.
	p.Do(http.MethodPost, cspReports, `{"csp-report": {"effective-directive": "frame-ancestors"}}`,
		"Content-Type", reportURI, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").Want(204)
	wantMetric(t, s, `parley_csp_reports_total{directive="frame-ancestors"} 1`)
	p.Do(http.MethodPost, cspReports, `[{"type": "csp-violation", "body": {"effectiveDirective": "script-src-elem", "blockedURL": "data"}},
		{"type": "deprecation", "body": {"id": "x"}}, {"type": "csp-violation", "body": {"effectiveDirective": "made up by a stranger"}}]`,
		"Content-Type", reports).Want(204)
	wantMetric(t, s, `parley_csp_reports_total{directive="script-src-elem"} 2`)
	wantMetric(t, s, `parley_csp_reports_total{directive="style-src-attr"} 1`)
	wantMetric(t, s, `parley_csp_reports_total{directive="other"} 1`)
	log := s.Log.String()
	if !strings.Contains(log, "blocked=https://evil.example/x.js source=http://chat/assets/app.js:7") {
		t.Error("the log does not say what was blocked and where")
	}
	if strings.Contains(log, "s3cret") || strings.Contains(log, "made up") {
		t.Error("a stranger's text is in the log")
	}
}

func TestCSPReports_bad_input(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	p := s.Anonymous(t)
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "report", "a list": "[]", "no report": "{}", "null": "null", "another type": `{"csp-report": 7}`,
		"a number that does not fit": `{"csp-report": {"line-number": 1e99}}`, "cut off": `{"csp-report": {"blocked-uri": "x`,
	} {
		if got := p.Do(http.MethodPost, cspReports, body, "Content-Type", reportURI); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d\n%s", name, got.Status, got.Body)
		} else {
			got.WantProblem(400, "invalid")
		}
	}
	p.Do(http.MethodPost, cspReports, `{"csp-report": {}}`, "Content-Type", reports).WantProblem(400, "invalid")
	p.Do(http.MethodPost, cspReports, `{"csp-report": {}}`).WantProblem(415, "unsupported_media_type")
	p.Do(http.MethodPost, cspReports, `{"csp-report": {"blocked-uri": "`+strings.Repeat("x", 1<<20)+`"}}`, "Content-Type", reportURI).
		WantProblem(413, "body_too_large")
	p.Do(http.MethodGet, cspReports, nil).WantProblem(405, "method_not_allowed")

	many := strings.Repeat(`{"type": "csp-violation", "body": {"effectiveDirective": "img-src"}},`, 100)
	p.Do(http.MethodPost, cspReports, "["+strings.TrimSuffix(many, ",")+"]", "Content-Type", reports).Want(204)
	wantMetric(t, s, `parley_csp_reports_total{directive="img-src"} 20`)

	p.Do(http.MethodPost, cspReports, "{\"csp-report\": {\"effective-directive\": \"img-src\", \"blocked-uri\": \"\\u0000\xff\\n"+strings.Repeat("y", 1000)+"\"}}",
		"Content-Type", reportURI).Want(204)
	if strings.Contains(s.Log.String(), strings.Repeat("y", 300)) {
		t.Error("the log takes texts of any length")
	}
}

func TestCSPReports_limit(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With(trusted, "PARLEY_LIMIT_CSP_REPORT=2/1m"))
	report := func(from string) *parleytest.Response {
		return s.Anonymous(t).Do(http.MethodPost, cspReports, `{"csp-report": {"effective-directive": "img-src"}}`,
			"Content-Type", reportURI, "X-Forwarded-For", from)
	}
	for range 2 {
		report(home).Want(204)
	}
	wantRateLimited(t, report(home))
	report(hotel).Want(204)
	wantMetric(t, s, fmt.Sprintf(`parley_csp_reports_total{directive="img-src"} %d`, 3))
}
