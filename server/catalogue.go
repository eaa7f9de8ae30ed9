package main

import (
	"fmt"

	written "github.com/padwarden/padwarden/server/catalogue"
)

type catalogue struct {
	Out string `help:"Folder to write to." required:"" type:"path"`
}

func (c *catalogue) Run() error {
	if err := written.Write(c.Out); err != nil {
		return err
	}
	fmt.Println("Every command and profile is in", c.Out)
	return nil
}
