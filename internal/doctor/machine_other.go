//go:build !(linux || darwin || freebsd)

package doctor

import (
	"errors"
	"io/fs"
)

func freeBytes(string) (int64, error) { return 0, errors.ErrUnsupported }

func ownerOf(fs.FileInfo) (user int, known bool) { return 0, false }
