package policy_test

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"parley/internal/policy"
)

func TestThreatModel(t *testing.T) {
	t.Parallel()
	faults, err := policy.CheckThreatModel(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

func TestCheckThreatModel(t *testing.T) {
	t.Parallel()
	const head = "| asset | where |\n|---|---|\n| keys | here |\n\n| somebody tries | what stops it | proof |\n|---|---|---|\n"
	for name, c := range map[string]struct {
		page string
		want []string
	}{
		"a proof":           {head + "| to get in | a door | `TestDoor` |\n", nil},
		"a browser's proof": {head + "| to get in | a door | `e2e/tests/door.test.mjs` |\n", nil},
		"no proof":          {head + "| to get in | a door | we looked |\n", []string{"docs/threat-model.md:7: names no test that proves it"}},
		"an empty proof":    {head + "| to get in | a door | |\n", []string{"docs/threat-model.md:7: names no test that proves it"}},
		"no threats":        {"# Nothing\n", []string{"docs/threat-model.md: has no threats"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := policy.CheckThreatModel(fstest.MapFS{"docs/threat-model.md": {Data: []byte(c.page)}})
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}
