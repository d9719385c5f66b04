package main

import (
	"fmt"
	"runtime"
)

type versionCmd struct{}

// Run prints the version of the binary and of the Go it was built with.
func (versionCmd) Run(e env) error {
	_, err := fmt.Fprintf(e.stdout, "parley %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
