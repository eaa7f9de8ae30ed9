package main

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones, where the host has none
)

// zoneFlag names the zone of the wards' clocks.
type zoneFlag struct {
	TimeZone string `help:"Time zone of the wards' clocks, by which days and shift changes are told, Europe/Berlin; without it the server's own." name:"time-zone" env:"PADWARDEN_TIME_ZONE"`
}

// zone is nil for the server's own.
func (f zoneFlag) zone() (*time.Location, error) {
	if f.TimeZone == "" {
		return nil, nil
	}
	z, err := time.LoadLocation(f.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("--time-zone %q is no time zone: give one like Europe/Berlin", f.TimeZone)
	}
	return z, nil
}
