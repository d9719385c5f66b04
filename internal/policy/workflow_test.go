package policy_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"parley/internal/policy"
)

func TestWorkflows(t *testing.T) {
	t.Parallel()
	faults, err := policy.CheckWorkflows(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

const good = `on:
  pull_request:
permissions: {}
concurrency: ci
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v7.0.0
        with:
          persist-credentials: false
      - run: .ci/run
`

const nightly = `on:
  schedule:
    - cron: '17 3 * * *'
permissions: {}
concurrency: nightly
jobs:
  race:
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    permissions: {}
    steps:
      - run: make race
`

// Each rule is broken once on purpose.
func TestCheckWorkflows(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"accepts_a_careful_workflow", "", "", ""},
		{"wants_no_rights_by_default", "permissions: {}\nconcurrency: ci", "concurrency: ci", "permissions must be {}"},
		{"wants_no_rights_for_all_jobs", "permissions: {}\nconcurrency: ci", "permissions: {contents: write}\nconcurrency: ci", "permissions must be {}"},
		{"wants_concurrency", "concurrency: ci\n", "", "concurrency must be set"},
		{"rejects_pull_request_target", "pull_request:", "pull_request:\n  pull_request_target:", "strangers' code"},
		{"wants_a_time_limit", "    timeout-minutes: 10\n", "", "timeout-minutes"},
		{"wants_a_short_time_limit", "minutes: 10", "minutes: 90", "timeout-minutes"},
		{"wants_rights_on_the_job", "    permissions:\n      contents: read\n", "", "test: permissions must be set"},
		{"rejects_a_moving_runner", "ubuntu-24.04\n    timeout-minutes: 10", "ubuntu-latest\n    timeout-minutes: 10", "name a version"},
		{"rejects_a_pin_by_tag", "@0123456789012345678901234567890123456789 # v7.0.0", "@v7.0.0", "pinned by commit"},
		{"wants_the_version_beside_the_pin", " # v7.0.0", "", "as a comment"},
		{"rejects_kept_credentials", "persist-credentials: false", "fetch-depth: 0", "credentials"},
		{"rejects_pasted_text", "- run: .ci/run", "- run: .ci/run\n      - run: echo ${{ github.event.pull_request.title }}", "by env"},
		{"rejects_a_hidden_failure", "- run: .ci/run", "- run: .ci/run\n        continue-on-error: true", "hides a failure"},
		{"rejects_an_image_by_tag", "    steps:\n      - uses", "    container: golang:1.26\n    steps:\n      - uses", "by digest"},
		{"wants_ci_on_pull_requests", "pull_request:", "push:", "runs .ci/run on pull_request"},
		{"wants_the_race_detector_at_night", "make race", "make test", "scheduled workflow runs make race"},
		{"keeps_the_race_detector_off_pull_requests", "  schedule:\n", "  pull_request:\n  schedule:\n", "scheduled workflow runs make race"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good+nightly, test.old) {
				t.Fatalf("%q is in neither workflow", test.old)
			}
			faults, err := policy.CheckWorkflows(fstest.MapFS{
				".github/workflows/ci.yml":      {Data: []byte(strings.Replace(good, test.old, test.new, 1))},
				".github/workflows/nightly.yml": {Data: []byte(strings.Replace(nightly, test.old, test.new, 1))},
			})
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(faults, "\n")
			if test.want == "" && all != "" || test.want != "" && !strings.Contains(all, test.want) {
				t.Errorf("want a fault with %q, got:\n%s", test.want, all)
			}
		})
	}
}
