package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"parley/internal/config"
)

// files looks at who else can read what is kept on disk. Windows reports the same permissions for every file, so there is nothing to see.
func (e *examination) files() {
	dir := e.options.Config.DataDir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		level := Skipped
		if e.options.Config.Database.Engine == config.SQLite {
			level = Faulty
		}
		e.add("data folder", level, dir+" does not exist", "run: parley migrate up, or set PARLEY_DATA_DIR")
		return
	case err != nil:
		e.add("data folder", Faulty, err.Error(), "let the user that runs parley read and write it")
		return
	case !info.IsDir():
		e.add("data folder", Faulty, dir+" is not a folder", "set PARLEY_DATA_DIR")
		return
	}
	if runtime.GOOS == "windows" {
		e.add("data folder", OK, dir, "")
		return
	}
	e.permissions("data folder", dir, 0o700)
	names := []string{"signing.key"}
	if e.options.Config.Database.Engine == config.SQLite {
		db := filepath.Base(e.options.Config.Database.Path)
		names = append(names, db, db+"-wal", db+"-shm")
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		if info.Mode().Perm()&others != 0 { // nobody gets through a closed folder, whatever the files in it say
			e.permissions("file", path, 0o600)
		}
		e.owner(path, info)
	}
	e.leftovers(dir)
}

// others are the bits of whoever is neither the owner nor in the group.
const others = 0o007

// permissions warns of a path that every user can reach.
func (e *examination) permissions(check, path string, want fs.FileMode) {
	info, err := os.Stat(path)
	if err != nil {
		e.add(check, Faulty, err.Error(), "")
		return
	}
	if mode := info.Mode().Perm(); mode&others != 0 {
		e.add(check, Warning, fmt.Sprintf("every user of this machine can reach %s (mode %04o)", path, mode), fmt.Sprintf("chmod %04o %s", want, path))
		return
	}
	e.add(check, OK, path, "")
}

// owner warns of a file that belongs to somebody else than its folder: a command that was run as root made it, and the server may not
// be able to write it.
func (e *examination) owner(path string, dir fs.FileInfo) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	mine, known := ownerOf(info)
	folders, _ := ownerOf(dir)
	if known && mine != folders {
		e.add("file", Warning, fmt.Sprintf("%s belongs to user %d, its folder to user %d", path, mine, folders), fmt.Sprintf("chown %d %s", folders, path))
	}
}

// leftovers names copies that an interrupted rehearsal left behind.
func (e *examination) leftovers(dir string) {
	found, err := filepath.Glob(filepath.Join(dir, "*.rehearsal-*"))
	if err != nil {
		return // the pattern is fixed and fine
	}
	for _, path := range found {
		e.add("file", Warning, path+" was left by a rehearsal that was killed", "if none is running now, remove it")
	}
}

// How much room makes us speak. SQLite stops writing when there is none, and so does a backup into the same disk.
const (
	littleRoom = 1 << 30
	noRoom     = 64 << 20
)

func (e *examination) disk(database int64) {
	free, err := freeBytes(e.options.Config.DataDir)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errors.ErrUnsupported):
		e.add("disk", Skipped, "not measured: "+err.Error(), "")
	case err != nil:
		e.add("disk", Warning, err.Error(), "")
	case free < noRoom:
		e.add("disk", Faulty, "only "+bytesText(free)+" are free for the data folder", "make room")
	case free < littleRoom || e.options.Config.Database.Engine == config.SQLite && free < 2*database:
		e.add("disk", Warning, bytesText(free)+" are free for the data folder", "make room: a rehearsal or a restore needs as much again as the database has")
	default:
		e.add("disk", OK, bytesText(free)+" free", "")
	}
}

func bytesText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
