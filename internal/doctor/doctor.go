// Package doctor looks at an installation from the outside in: settings, files, clock, disk, database, what must hold in the data, and the
// servers it depends on. It says what is wrong and what to do, and changes nothing. It knows no rule of chat; those of the data are in store.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/internal/config"
	"parley/internal/store"
)

// Level is how bad a finding is.
type Level string

// The levels. Only a fault makes the examination fail.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Faulty  Level = "fault"
	Skipped Level = "skipped"
)

// Finding is one line of the report.
type Finding struct {
	Check  string `json:"check"`
	Level  Level  `json:"level"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// Options are what the doctor gets from outside.
type Options struct {
	Config config.Config
	// Settings is what loading the settings returned.
	Settings error
	// Open opens the database of the settings without making or migrating one.
	Open func(context.Context) (*store.Store, error)
	// Mail asks the mail server of the settings whether it would take mails; nil when there is none.
	Mail  func(context.Context) error
	Clock func() time.Time
	// Timeout bounds each attempt to reach a server. Reading the data is not bounded: that takes as long as there is data.
	Timeout time.Duration
}

// Examine looks at everything it can reach, in the order in which one thing depends on another.
func Examine(ctx context.Context, o Options) []Finding {
	e := &examination{options: o}
	if !e.settings() {
		e.add("database", Skipped, "not looked at: without settings there is no telling where it is", "")
		return e.findings
	}
	e.clock()
	e.files()
	e.database(ctx)
	e.redis(ctx)
	e.mail(ctx)
	e.add("s3", Skipped, "not configured", "")
	return e.findings
}

// Faults counts the findings that make an examination fail.
func Faults(findings []Finding) (n int) {
	for _, f := range findings {
		if f.Level == Faulty {
			n++
		}
	}
	return n
}

type examination struct {
	options  Options
	findings []Finding
}

func (e *examination) add(check string, level Level, detail, fix string) {
	e.findings = append(e.findings, Finding{Check: check, Level: level, Detail: detail, Fix: fix})
}

func (e *examination) settings() bool {
	var faults *config.Faults
	switch {
	case errors.As(e.options.Settings, &faults):
		for _, f := range faults.List {
			e.add("settings", Faulty, f.Setting+": "+f.Problem, f.Fix)
		}
		return false
	case e.options.Settings != nil:
		e.add("settings", Faulty, e.options.Settings.Error(), "")
		return false
	}
	for _, w := range e.options.Config.Warnings {
		e.add("settings", Warning, w, "")
	}
	if len(e.options.Config.Warnings) == 0 {
		e.add("settings", OK, fmt.Sprintf("%s, %s", e.options.Config.Env, e.options.Config.Database.Engine), "")
	}
	return true
}

// The years between which a clock is believed. Tokens, sessions and message times are nonsense outside of them.
const (
	firstYear = 2025
	lastYear  = 2100
)

func (e *examination) clock() {
	now := e.options.Clock().UTC()
	if now.Year() < firstYear || now.Year() > lastYear {
		e.add("clock", Faulty, "this machine believes it is "+now.Format(time.RFC3339), "set the clock and run a time service (NTP)")
		return
	}
	e.add("clock", OK, now.Format(time.RFC3339), "")
}
