package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"parley/internal/store"
	"parley/internal/store/rehearsal"
)

type upgradeCmd struct {
	Rehearse upgradeRehearseCmd `cmd:"" help:"Try the pending migrations on a copy of the data, up and down again, and report."`
}

type upgradeRehearseCmd struct {
	From int64 `default:"-1" help:"Take the copy back to this level of the schema first, to rehearse what is applied already."`
	JSON bool  `help:"Print the report as JSON."`
}

// Run fails unless everything holds. The database itself is only read, while the server serves.
func (u upgradeRehearseCmd) Run(ctx context.Context, e env) error {
	return withExistingStore(ctx, e, func(s *store.Store) error {
		r, err := rehearsal.Run(ctx, rehearsal.Options{Store: s, From: u.From, Clock: time.Now})
		if err != nil {
			return fmt.Errorf("rehearse: %w", err)
		}
		if u.JSON {
			out := json.NewEncoder(e.stdout)
			out.SetIndent("", "  ")
			err = out.Encode(struct {
				OK bool `json:"ok"`
				rehearsal.Report
			}{len(r.Problems) == 0, r})
		} else {
			err = printRehearsal(e.stdout, r)
		}
		if err == nil && len(r.Problems) > 0 {
			err = fmt.Errorf("the rehearsal found %d problems; do not migrate", len(r.Problems))
		}
		return err
	})
}

func printRehearsal(w io.Writer, r rehearsal.Report) error {
	var b strings.Builder
	if len(r.Up) == 0 && len(r.Problems) == 0 {
		fmt.Fprintf(&b, "nothing to rehearse: the schema is at level %d and no step is pending\n", r.Level)
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "rehearsed on a copy of the %s database (%.1f MiB, copied in %s), level %d to %d\n", r.Engine, float64(r.CopyBytes)/(1<<20), seconds(r.CopySeconds), r.From, r.Target)
	for _, part := range []struct {
		word  string
		steps []rehearsal.Step
	}{{"back", r.Back}, {"up", r.Up}, {"down", r.Down}} {
		for _, s := range part.steps {
			fmt.Fprintf(&b, "%-5s %s in %s%s\n", part.word, s.Name, seconds(s.Seconds), waits(s.Locks))
		}
	}
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "rows  %s: %s before, %s after, %s back\n", t.Name, rows(t.Before), rows(t.After), rows(t.Back))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "PROBLEM: %s\n", p)
	}
	if len(r.Problems) == 0 {
		b.WriteString("everything holds: the steps work, what must hold in the data held before and after, and the way back leads back\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// waits says whom a step keeps waiting, and where.
func waits(locks []store.TableLock) string {
	by := map[string][]string{}
	for _, l := range locks {
		by[l.Blocks] = append(by[l.Blocks], fmt.Sprintf("%s (%s)", l.Relation, l.Mode))
	}
	var b strings.Builder
	for _, who := range []string{"readers and writers", "writers"} {
		if len(by[who]) > 0 {
			fmt.Fprintf(&b, "\n      %s wait for %s", who, strings.Join(by[who], ", "))
		}
	}
	return b.String()
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Microsecond).String()
}

func rows(n int64) string {
	if n < 0 {
		return "no table"
	}
	return fmt.Sprint(n)
}
