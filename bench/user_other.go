//go:build !unix

package main

import "syscall"

// runAs has nothing to do: nobody is root here.
func runAs(uint32, uint32) *syscall.SysProcAttr { return nil }
