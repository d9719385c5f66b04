package httpapi

import (
	"encoding/json"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/chat"
)

// cspReportsPath is where browsers report what the policy made them refuse. The policy names it.
const cspReportsPath = "/api/v1/csp-reports"

const (
	// maxReportBytes bounds one request of reports, maxReports how many of them are looked at.
	maxReportBytes = 32 << 10
	maxReports     = 20
	// maxReportText bounds a text of a report in the log. Anybody may send one.
	maxReportText = 200
)

var (
	errReportType = &chat.Error{Kind: chat.KindInvalid, Code: "unsupported_media_type"}
	errReport     = &chat.Error{Kind: chat.KindInvalid, Code: "invalid", Detail: "This is not a report of a browser."}
)

// cspReports receives reports of violations (Content Security Policy Level 3, section 5), in the form of report-uri and in that of the
// Reporting API. A report comes from whoever sends one, so nothing follows from it but a number and a line in the log, within a budget for
// each network.
type cspReports struct {
	limits   *limits
	problems *problems
	log      *slog.Logger
	counted  *prometheus.CounterVec
}

func newCSPReports(l *limits, p *problems, log *slog.Logger, registry prometheus.Registerer) (*cspReports, error) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "parley", Subsystem: "csp", Name: "reports_total",
		Help: "Violations of the Content-Security-Policy that browsers reported, by directive.",
	}, []string{"directive"})
	return &cspReports{limits: l, problems: p, log: log, counted: c}, registry.Register(c)
}

// splitReports takes the reports out before calls of other sites are refused: somebody else's page that puts ours into a frame is the sender of
// the report that it was not shown. Nothing is done in anybody's name with them, and no cookie is looked at.
func splitReports(reports http.Handler) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == cspReportsPath {
				reports.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// violation is what the two forms have in common.
type violation struct{ directive, blocked, source, disposition string }

func (c *cspReports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if r.Method != http.MethodPost {
		c.problems.methodNotAllowed(w, r, "POST")
		return
	}
	if err := c.limits.ask(ctx, c.limits.Key("csp_report", networkOf(ctx))); err != nil {
		c.problems.write(ctx, w, err)
		return
	}
	list, err := decodeReports(w, r)
	switch {
	case errors.Is(err, errReportType):
		c.problems.status(ctx, w, http.StatusUnsupportedMediaType, errReportType.Code, "Send application/csp-report or application/reports+json.")
		return
	case err != nil:
		c.problems.handle(ctx, w, r, err)
		return
	}
	for _, v := range list {
		c.counted.WithLabelValues(v.directive).Inc()
		c.log.WarnContext(ctx, "a browser refused something because of the Content-Security-Policy",
			slog.String("directive", v.directive), slog.String("blocked", v.blocked), slog.String("source", v.source),
			slog.String("disposition", v.disposition))
	}
	w.WriteHeader(http.StatusNoContent)
}

func decodeReports(w http.ResponseWriter, r *http.Request) ([]violation, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReportBytes))
	switch media {
	case "application/csp-report":
		return decodeReportURI(body)
	case "application/reports+json":
		return decodeReportingAPI(body)
	}
	return nil, errReportType
}

// decodeReportURI reads the one report of the report-uri directive.
func decodeReportURI(body *json.Decoder) ([]violation, error) {
	var in struct {
		Report *struct {
			Effective   string `json:"effective-directive"`
			Violated    string `json:"violated-directive"` // all that older browsers say; the value may follow the name
			Blocked     string `json:"blocked-uri"`
			Source      string `json:"source-file"`
			Line        int64  `json:"line-number"`
			Disposition string `json:"disposition"`
		} `json:"csp-report"`
	}
	if err := body.Decode(&in); err != nil {
		return nil, errReport.Because(err)
	}
	if in.Report == nil {
		return nil, errReport
	}
	name := in.Report.Effective
	if name == "" {
		name, _, _ = strings.Cut(in.Report.Violated, " ")
	}
	return []violation{newViolation(name, in.Report.Blocked, in.Report.Source, in.Report.Line, in.Report.Disposition)}, nil
}

// decodeReportingAPI reads the list of reports of the Reporting API, and leaves out those that are not of this policy.
func decodeReportingAPI(body *json.Decoder) ([]violation, error) {
	var in []struct {
		Type string `json:"type"`
		Body struct {
			Directive   string `json:"effectiveDirective"`
			Blocked     string `json:"blockedURL"`
			Source      string `json:"sourceFile"`
			Line        int64  `json:"lineNumber"`
			Disposition string `json:"disposition"`
		} `json:"body"`
	}
	if err := body.Decode(&in); err != nil {
		return nil, errReport.Because(err)
	}
	var list []violation
	for _, r := range in[:min(len(in), maxReports)] {
		if r.Type == "csp-violation" {
			list = append(list, newViolation(r.Body.Directive, r.Body.Blocked, r.Body.Source, r.Body.Line, r.Body.Disposition))
		}
	}
	return list, nil
}

func newViolation(directive, blocked, source string, line int64, disposition string) violation {
	v := violation{directive: "other", blocked: cleanAddress(blocked), source: cleanAddress(source), disposition: bounded(disposition)}
	if reportable[directive] {
		v.directive = directive
	}
	if v.source != "" && line > 0 {
		v.source += ":" + strconv.FormatInt(line, 10)
	}
	return v
}

// reportable are the directives that our policy can be violated in: of each that says where things may come from, also the finer ones that
// browsers report it under. They label a metric, so nothing else does.
var reportable = func() map[string]bool {
	names := map[string]bool{}
	for part := range strings.SplitSeq(contentSecurityPolicy, "; ") {
		name, _, _ := strings.Cut(part, " ")
		names[name] = true
	}
	for _, name := range []string{"script-src-elem", "script-src-attr", "style-src-elem", "frame-src", "child-src", "object-src", "fenced-frame-src"} {
		names[name] = true
	}
	return names
}()

// cleanAddress is an address as it may stand in a log: without the query, which may hold anything, and bounded. What is no address ("inline",
// "eval", "trusted-types-sink") stays as it is.
func cleanAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return bounded(text)
	}
	if u.Host == "" { // data:, blob: and their kind: what follows is the content
		return u.Scheme
	}
	return bounded(u.Scheme + "://" + u.Host + u.EscapedPath())
}

func bounded(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxReportText)], "")
}
