//go:build !unix

package bench

// checkFiles knows of no limit here.
func checkFiles(int) error { return nil }
