//go:build !unix

package servertest

import (
	"os"
	"syscall"
)

// runAs has nothing to do: nobody is root here.
func runAs(uint32, uint32) *syscall.SysProcAttr { return nil }

func pause(*os.Process) { panic("a process cannot be paused here") }

func resume(*os.Process) { panic("a process cannot be paused here") }
