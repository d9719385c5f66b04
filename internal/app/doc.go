// Package app wires a Parley server: what starts in which order, and what stops in which. It holds no rule and no mechanism of its own.
// Only cmd/parley and the tests' parleytest import it.
package app
