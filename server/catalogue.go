package main

import (
	"fmt"

	written "github.com/padwarden/padwarden/server/catalogue"
)

type catalogue struct {
	Out string `help:"Folder to write to." required:"" type:"path"`
	OS  string `help:"Leave out the keys that are newer than this iPadOS version, such as 17.0." name:"os-version"`
}

func (c *catalogue) Run() error {
	if err := written.Write(c.Out, c.OS); err != nil {
		return err
	}
	fmt.Println("Every command and profile is in", c.Out)
	return nil
}
