package main

import (
	"time"

	"github.com/padwarden/padwarden/server/app"
)

// housekeeping are the flags that say how often iPads are asked for their inventory.
type housekeeping struct {
	InventoryEvery time.Duration `help:"How often each iPad is asked for its model, iPadOS, battery, space and passcode; 0: never." name:"inventory-every" default:"6h" env:"PADWARDEN_INVENTORY_EVERY"`
	ListsEvery     time.Duration `help:"How often each iPad is asked for its profiles and apps; 0: never." name:"lists-every" default:"24h" env:"PADWARDEN_LISTS_EVERY"`
}

func (h housekeeping) config() app.Housekeeping {
	never := func(d time.Duration) time.Duration {
		if d == 0 {
			return -1
		}
		return d
	}
	return app.Housekeeping{Facts: never(h.InventoryEvery), Lists: never(h.ListsEvery)}
}
