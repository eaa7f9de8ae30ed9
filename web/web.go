// Package web holds the pages: templates in kiosk/ and console/, what they
// load in static/. They are built into the binary and load nothing from
// anywhere else.
package web

import "embed"

// FS has kiosk/, console/ and static/.
//
//go:embed kiosk console static
var FS embed.FS
