package policy_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"parley/internal/policy"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	faults, err := policy.CheckDocuments(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

func TestCheckDocuments(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"accepts_what_exists", "[a](a.md#part), [b](../Makefile), [c](https://example.org/), `docs/why/`, `TestReal/case`, `make run`", ""},
		{"rejects_a_dead_link", "[a](gone.md)", "gone.md"},
		{"rejects_a_path_that_is_gone", "`internal/gone/a.go`", "internal/gone/a.go"},
		{"rejects_a_test_that_is_gone", "`TestGone`", "TestGone"},
		{"rejects_a_target_that_is_gone", "`make gone`", "make gone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			faults, err := policy.CheckDocuments(fstest.MapFS{
				"Makefile":             {Data: []byte("run: build ## Run\n")},
				"docs/why/a.md":        {Data: []byte("# A\n")},
				"docs/a.md":            {Data: []byte(test.text)},
				"internal/a/a_test.go": {Data: []byte("package a\n\nfunc TestReal(t *testing.T) {}\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case test.want == "" && len(faults) > 0:
				t.Errorf("want no fault, got %q", faults)
			case test.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], "points at "+test.want+",")):
				t.Errorf("want one fault about %s, got %q", test.want, faults)
			}
		})
	}
}
