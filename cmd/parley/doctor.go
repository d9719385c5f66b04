package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"parley/internal/app"
	"parley/internal/config"
	"parley/internal/doctor"
	"parley/internal/store"
)

type doctorCmd struct {
	JSON    bool          `help:"Print the findings as JSON."`
	Timeout time.Duration `default:"5s" help:"How long each server may take to answer."`
}

// Run prints one line for each finding and fails when one of them is a fault.
func (d doctorCmd) Run(ctx context.Context, e env) error {
	c, settings := config.Load(e.environ)
	var mail func(context.Context) error
	if settings == nil {
		if sender, _ := app.NewSender(c, time.Now); sender != nil {
			mail = sender.Check
		}
	}
	findings := doctor.Examine(ctx, doctor.Options{
		Config: c, Settings: settings, Clock: time.Now, Timeout: d.Timeout, Mail: mail,
		Open: func(ctx context.Context) (*store.Store, error) { return openOnce(ctx, c) },
	})
	if err := d.print(e, findings); err != nil {
		return err
	}
	if settings != nil {
		return settings
	}
	if n := doctor.Faults(findings); n > 0 {
		return fmt.Errorf("%d of %d checks found a fault", n, len(findings))
	}
	return nil
}

// openOnce does not wait for a database that is away, as the server would at its start: that it is away is what the doctor has to say.
func openOnce(ctx context.Context, c config.Config) (*store.Store, error) {
	place := c.Database.URL
	if c.Database.Engine == config.SQLite {
		place = c.Database.Path
	}
	return store.Open(ctx, store.Options{URL: place})
}

func (d doctorCmd) print(e env, findings []doctor.Finding) error {
	if d.JSON {
		out := json.NewEncoder(e.stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			OK       bool             `json:"ok"`
			Findings []doctor.Finding `json:"findings"`
		}{doctor.Faults(findings) == 0, findings})
	}
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	for _, f := range findings {
		line := f.Detail
		if f.Fix != "" {
			line += "; " + f.Fix
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", f.Level, f.Check, line)
	}
	return w.Flush()
}
