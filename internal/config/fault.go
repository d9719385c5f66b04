package config

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one setting that cannot be used: its variable, what is wrong with it and what to do. It never holds the
// value of a secret.
type Fault struct{ Setting, Problem, Fix string }

// Faults is the error of Load: everything that is wrong, sorted by setting, so that one look is enough.
type Faults struct{ List []Fault }

// Error lists one fault per line.
func (f *Faults) Error() string {
	var b strings.Builder
	noun := "settings are"
	if len(f.List) == 1 {
		noun = "setting is"
	}
	fmt.Fprintf(&b, "%d %s faulty", len(f.List), noun)
	for _, fault := range f.List {
		fmt.Fprintf(&b, "\n  %s: %s; %s", fault.Setting, fault.Problem, fault.Fix)
	}
	return b.String()
}

func (f *Faults) add(setting, problem, fix string) {
	f.List = append(f.List, Fault{Setting: setting, Problem: problem, Fix: fix})
}

// has tells whether a setting, or the file it is read from, is faulty already, so that checks across settings do not
// complain about a value that is only a consequence.
func (f *Faults) has(setting string) bool {
	return slices.ContainsFunc(f.List, func(fault Fault) bool {
		return fault.Setting == setting || fault.Setting == setting+fileSuffix
	})
}

func (f *Faults) err() error {
	if len(f.List) == 0 {
		return nil
	}
	slices.SortStableFunc(f.List, func(a, b Fault) int { return strings.Compare(a.Setting, b.Setting) })
	return f
}
