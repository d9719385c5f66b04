package policy

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

var proof = regexp.MustCompile("`(Test[A-Z]\\w*|e2e/tests/[\\w.-]+)`")

// threatModel is the page in which every threat has its proof.
const threatModel = "docs/threat-model.md"

// CheckThreatModel returns the threats that name no test. CheckDocuments finds the tests that do not exist.
func CheckThreatModel(tree fs.FS) ([]string, error) {
	source, err := fs.ReadFile(tree, threatModel)
	if err != nil {
		return nil, err
	}
	var faults []string
	threats, inTable := 0, false
	for n, line := range strings.Split(string(source), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		switch {
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case strings.TrimSpace(cells[len(cells)-1]) == "proof":
			inTable = true
		case inTable && !strings.HasPrefix(line, "|---"):
			threats++
			if len(cells) != 3 || !proof.MatchString(cells[2]) {
				faults = append(faults, fmt.Sprintf("%s:%d: names no test that proves it", threatModel, n+1))
			}
		}
	}
	if threats == 0 {
		faults = append(faults, threatModel+": has no threats")
	}
	return faults, nil
}
