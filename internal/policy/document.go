package policy

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	link     = regexp.MustCompile(`\]\(([^)\s#]+)[^)]*\)`)
	testName = regexp.MustCompile("`(Test[A-Z]\\w*)[^`]*`")
	treePath = regexp.MustCompile("`((?:\\.ci|\\.github|api|cmd|deploy|docs|e2e|internal|scripts|tools|web)/[\\w./-]+)`")
	target   = regexp.MustCompile("`make ([a-z0-9]+)[^`]*`")
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
	makeRule = regexp.MustCompile(`(?m)^([a-z0-9]+):`)
)

// CheckDocuments returns what the project's documents point at and the tree does not have: linked files, files and folders named by their
// path, tests, make targets. A page that sends its reader to something that was renamed teaches to distrust all the others.
func CheckDocuments(tree fs.FS) ([]string, error) {
	documents, err := documents(tree)
	if err != nil {
		return nil, err
	}
	tests, err := testNames(tree)
	if err != nil {
		return nil, err
	}
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil {
		return nil, err
	}
	targets := named(makeRule, makefile)

	var faults []string
	for _, name := range documents {
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		var gone []string
		lacks := func(pointer string, there bool) {
			if !there {
				gone = append(gone, pointer)
			}
		}
		for linked := range named(link, source) {
			lacks(linked, strings.Contains(linked, ":") || exists(tree, path.Join(path.Dir(name), linked)))
		}
		for file := range named(treePath, source) {
			lacks(file, exists(tree, path.Clean(file)))
		}
		for test := range named(testName, source) {
			lacks(test, tests[test])
		}
		for rule := range named(target, source) {
			lacks("make "+rule, targets[rule])
		}
		slices.Sort(gone)
		for _, pointer := range gone {
			faults = append(faults, fmt.Sprintf("%s: points at %s, which is not there", name, pointer))
		}
	}
	return faults, nil
}

// documents lists the pages at the top and everything below docs.
func documents(tree fs.FS) ([]string, error) {
	pages, err := fs.Glob(tree, "*.md")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(tree, "docs", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && path.Ext(name) == ".md" {
			pages = append(pages, name)
		}
		return err
	})
	return pages, err
}

func testNames(tree fs.FS) (map[string]bool, error) {
	all := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case entry.IsDir() && (base == "node_modules" || base == ".git"):
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		maps.Copy(all, named(testFunc, source))
		return err
	})
	return all, err
}

// named collects what the pattern's first group finds.
func named(pattern *regexp.Regexp, source []byte) map[string]bool {
	found := map[string]bool{}
	for _, match := range pattern.FindAllSubmatch(source, -1) {
		found[string(match[1])] = true
	}
	return found
}

func exists(tree fs.FS, name string) bool {
	_, err := fs.Stat(tree, name)
	return err == nil
}
