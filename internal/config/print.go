package config

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
)

// effective is one setting as it may be shown.
type effective struct{ name, value, origin string }

// Print writes every setting with its effective value and where that comes from: default, env or file. Secrets and
// the passwords within URLs are hidden.
func (c Config) Print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range c.effective {
		value := e.value
		if value == "" {
			value = "-"
		}
		// Quoted when a control character could forge a line.
		if quoted := fmt.Sprintf("%q", value); quoted != `"`+value+`"` {
			value = quoted
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", e.name, value, e.origin)
	}
	_ = table.Flush()
}

// String is what Print writes, so that a Config that reaches a log or an error message takes no secret along.
func (c Config) String() string {
	var b strings.Builder
	c.Print(&b)
	return b.String()
}

// LogValue logs the effective settings without their secrets.
func (c Config) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, len(c.effective))
	for _, e := range c.effective {
		attrs = append(attrs, slog.String(strings.ToLower(strings.TrimPrefix(e.name, prefix)), e.value))
	}
	return slog.GroupValue(attrs...)
}

// String shows where the data is, without the password.
func (d Database) String() string {
	if d.Engine == Postgres {
		return redactURL(d.URL)
	}
	return d.Path
}

// String shows where Redis is, without the password.
func (r Redis) String() string {
	if r.Memory() {
		return "memory"
	}
	return redactURL(r.URL)
}
