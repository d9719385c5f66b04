package main

import (
	"fmt"

	"parley/internal/config"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Check every setting and list all faults at once."`
	Print configPrintCmd `cmd:"" help:"Print the settings in force, without secrets."`
}

type (
	configCheckCmd struct{}
	configPrintCmd struct{}
)

// Run exits with 78 when a setting is wrong.
func (configCheckCmd) Run(e env) error {
	c, err := config.Load(e.environ)
	if err != nil {
		return err
	}
	for _, w := range c.Warnings {
		_, _ = fmt.Fprintln(e.stdout, "warning:", w)
	}
	_, _ = fmt.Fprintln(e.stdout, "the settings are fine")
	return nil
}

// Run prints every setting with where it comes from.
func (configPrintCmd) Run(e env) error {
	c, err := config.Load(e.environ)
	if err != nil {
		return err
	}
	c.Print(e.stdout)
	return nil
}
