// Package web holds the pages: templates in kiosk/ and console/, what they
// load in static/, their icons in icons/, and what they say in other languages
// than English in words/. They are built into the binary and load nothing from
// anywhere else.
package web

import "embed"

// FS has kiosk/, console/, static/, icons/ and words/.
//
//go:embed kiosk console static icons words
var FS embed.FS
