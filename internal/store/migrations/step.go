package migrations

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Step is one migration as its file has it.
type Step struct {
	Version int64
	Name    string // the file's
	Up      string // SQL, without annotations
	Down    string
	// Transaction says that the step is there whole or not at all. A step that cannot be one, because its statements do not run inside a
	// transaction, must be one that can be run again after it was interrupted.
	Transaction bool
}

// Steps reads every step of a folder that holds one dialect, in order.
func Steps(folder fs.FS) ([]Step, error) {
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]Step, 0, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		step, err := parse(name, string(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		steps = append(steps, step)
	}
	slices.SortFunc(steps, func(a, b Step) int { return cmp.Compare(a.Version, b.Version) })
	return steps, nil
}

const (
	upLine   = "-- +goose Up"
	downLine = "-- +goose Down"
)

func parse(name, text string) (Step, error) {
	version, err := versionOf(name)
	if err != nil {
		return Step{}, err
	}
	head, rest, hasUp := strings.Cut(text, upLine+"\n")
	up, down, hasDown := strings.Cut(rest, downLine+"\n")
	if !hasUp || !hasDown {
		return Step{}, errors.New("it needs the lines " + upLine + " and " + downLine)
	}
	return Step{
		Version: version, Name: name, Up: withoutAnnotations(up), Down: withoutAnnotations(down),
		Transaction: !strings.Contains(head, "-- +goose NO TRANSACTION"),
	}, nil
}

func versionOf(name string) (int64, error) {
	digits, _, _ := strings.Cut(name, "_")
	version, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || version < 1 || len(digits) != 5 {
		return 0, errors.New("the name does not begin with five digits and an underscore")
	}
	return version, nil
}

func withoutAnnotations(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "-- +goose ") {
			b.WriteString(line)
		}
	}
	return strings.TrimSpace(b.String()) + "\n"
}

var (
	compatibleWith = regexp.MustCompile(`(?m)^-- parley:compatible-with ([0-9]+)$`)
	anyMark        = regexp.MustCompile(`(?m)^-- ?parley:`)
)

// recordCompatibility turns the mark of a step into the statement that records it, and its way back, so that it is recorded in the same
// transaction as the step is applied in.
func recordCompatibility(name, text string) (string, error) {
	mark := compatibleWith.FindStringSubmatch(text)
	if mark == nil {
		if anyMark.MatchString(text) {
			return "", errors.New("a mark is written -- parley:compatible-with N, on a line of its own")
		}
		return text, nil
	}
	step, err := parse(name, text)
	if err != nil {
		return "", err
	}
	if n, err := strconv.ParseInt(mark[1], 10, 64); err != nil || n >= step.Version {
		return "", fmt.Errorf("it cannot be compatible with %s", mark[1])
	}
	const statement = "-- +goose StatementBegin\n%s\n-- +goose StatementEnd\n"
	up := fmt.Sprintf("INSERT INTO schema_compatibility (version, compatible_with) VALUES (%d, %s) ON CONFLICT (version) DO NOTHING;", step.Version, mark[1])
	down := fmt.Sprintf("DELETE FROM schema_compatibility WHERE version = %d;", step.Version)
	before, after, _ := strings.Cut(text, downLine+"\n")
	return before + fmt.Sprintf(statement, up) + "\n" + downLine + "\n" + fmt.Sprintf(statement, down) + after, nil
}
