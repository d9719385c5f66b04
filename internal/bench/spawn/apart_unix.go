//go:build unix

package spawn

import (
	"os/exec"
	"syscall"
)

// apart keeps the terminal's interrupt from a server that the bench started: the bench stops it when it has its figures.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
