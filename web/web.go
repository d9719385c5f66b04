// Package web holds the built web client. It knows no server: it is files.
package web

import (
	"embed"
	"io/fs"
)

// The build leaves a .gitkeep in dist, so that the package compiles before the client was ever built.
//
//go:embed all:dist
var dist embed.FS

// Files returns the built client: its page, index.html, and what the page loads. Without a build there is nothing in it.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path, which is all that Sub can refuse
	}
	return sub
}
