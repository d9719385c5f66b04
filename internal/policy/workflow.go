package policy

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/yaml"
)

// maxMinutes bounds every job: one that hangs must not hold its runner for GitHub's default of six hours.
const maxMinutes = 60

type workflow struct {
	On          map[string]any     `yaml:"on"`
	Permissions *map[string]string `yaml:"permissions"`
	Concurrency any                `yaml:"concurrency"`
	Jobs        map[string]job     `yaml:"jobs"`
}

type job struct {
	RunsOn          string             `yaml:"runs-on"`
	Timeout         int                `yaml:"timeout-minutes"`
	Permissions     *map[string]string `yaml:"permissions"`
	ContinueOnError bool               `yaml:"continue-on-error"`
	Steps           []step             `yaml:"steps"`
}

type step struct {
	Uses            string         `yaml:"uses"`
	Run             string         `yaml:"run"`
	With            map[string]any `yaml:"with"`
	ContinueOnError bool           `yaml:"continue-on-error"`
}

func (w workflow) runs(command string) bool {
	for _, j := range w.Jobs {
		if slices.ContainsFunc(j.Steps, func(s step) bool { return strings.TrimSpace(s.Run) == command }) {
			return true
		}
	}
	return false
}

func (w workflow) startedBy(event string) bool {
	_, ok := w.On[event]
	return ok
}

var (
	// A tag can be moved to other code after somebody has read it; a commit cannot.
	pinned  = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	version = regexp.MustCompile(`uses:\s*\S+@[0-9a-f]{40} # v\d+(\.\d+){0,2}$`)
	// Text of strangers (a title, a branch name) that is pasted into a script is a script.
	pasted = regexp.MustCompile(`\$\{\{[^}]*(github\.event|github\.head_ref|inputs\.)`)
	image  = regexp.MustCompile(`(^|\s)(image|container):\s*\S`)
)

// CheckWorkflows returns what is wrong in the workflows of the tree, one line each.
func CheckWorkflows(tree fs.FS) ([]string, error) {
	names, err := fs.Glob(tree, ".github/workflows/*")
	if err != nil {
		return nil, err
	}
	var faults []string
	var tested, raced bool
	for _, name := range names {
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		var w workflow
		if err := yaml.Unmarshal(source, &w); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		faults = append(faults, w.check(path.Base(name), string(source))...)
		tested = tested || w.startedBy("pull_request") && w.runs(".ci/run")
		raced = raced || w.startedBy("schedule") && !w.startedBy("pull_request") && w.runs("make race")
	}
	if !tested {
		faults = append(faults, "no workflow runs .ci/run on pull_request")
	}
	if !raced {
		faults = append(faults, "no scheduled workflow runs make race apart from pull requests")
	}
	return faults, nil
}

func (w workflow) check(name, source string) []string {
	var faults []string
	must := func(ok bool, where, rule string) {
		if !ok {
			faults = append(faults, name+": "+where+": "+rule)
		}
	}
	must(w.Permissions != nil && len(*w.Permissions) == 0, "top", "permissions must be {}; each job asks for what it needs")
	must(w.Concurrency != nil, "top", "concurrency must be set")
	must(!w.startedBy("pull_request_target"), "on", "pull_request_target runs strangers' code with our secrets")
	for _, id := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[id]
		must(j.Timeout >= 1 && j.Timeout <= maxMinutes, id, fmt.Sprintf("timeout-minutes must be 1 to %d", maxMinutes))
		must(j.Permissions != nil, id, "permissions must be set")
		must(!strings.HasSuffix(j.RunsOn, "-latest"), id, "runs-on must name a version, so that CI changes only with a commit")
		must(!j.ContinueOnError, id, "continue-on-error hides a failure")
		for _, s := range j.Steps {
			must(s.Uses == "" || pinned.MatchString(s.Uses), id, s.Uses+" must be pinned by commit")
			must(!strings.HasPrefix(s.Uses, "actions/checkout@") || s.With["persist-credentials"] == false, id, "checkout must not leave credentials behind")
			must(!pasted.MatchString(s.Run), id, "pass what an event says by env, never into a script")
			must(!s.ContinueOnError, id, "continue-on-error hides a failure")
		}
	}
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		must(!strings.Contains(line, "uses:") || version.MatchString(line), line, "needs the version of its pin as a comment")
		must(!image.MatchString(line) || strings.Contains(line, "@sha256:"), line, "must be pinned by digest")
	}
	return faults
}
