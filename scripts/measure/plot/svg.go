// Package plot draws the figures as SVG that is legible by day and by night, in
// print and by ear: what a colour says a word says too, and the description has
// every number. The same figures make the same bytes.
package plot

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// drawing writes one SVG. Its ground is its own: a page may be dark where the
// system is light.
type drawing struct{ b strings.Builder }

const style = `
  .ground{fill:#fff} .ink{fill:#1a2027} .weak{fill:#556270} .rule{stroke:#c9d1d9} .axis{stroke:#6b7785}
  .bar{fill:#2f6fb5} .miss{fill:#fff;stroke:#a8322a} .spread{stroke:#1a2027} .goal{stroke:#a8322a}
  .curve{fill:none;stroke:#2f6fb5} .dot{fill:#fff;stroke:#2f6fb5}
  @media (prefers-color-scheme: dark){
    .ground{fill:#12171d} .ink{fill:#e8edf2} .weak{fill:#a3b0bd} .rule{stroke:#333d48} .axis{stroke:#8a97a5}
    .bar{fill:#5b9be0} .miss{fill:#12171d;stroke:#ff8f85} .spread{stroke:#e8edf2} .goal{stroke:#ff8f85}
    .curve{stroke:#7db4ee} .dot{fill:#12171d;stroke:#7db4ee}
  }
  text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif} .small{font-size:11.5px} .bold{font-weight:600}
`

func begin(width, height float64, title, says string) *drawing {
	d := &drawing{}
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" role="img" aria-labelledby="title says">`, at(width), at(height))
	d.put(`<title id="title">%s</title>`, escaped(title))
	d.put(`<desc id="says">%s</desc>`, escaped(says))
	d.put(`<style>%s</style>`, style)
	d.put(`<rect class="ground" width="%s" height="%s"/>`, at(width), at(height))
	d.text(16, 26, "ink bold", "start", title)
	return d
}

func (d *drawing) end() string { return d.b.String() + "</svg>\n" }

func (d *drawing) put(format string, args ...any) { fmt.Fprintf(&d.b, format+"\n", args...) }

func (d *drawing) text(x, y float64, class, anchor, text string) {
	d.put(`<text x="%s" y="%s" class="%s" text-anchor="%s">%s</text>`, at(x), at(y), class, anchor, escaped(text))
}

func (d *drawing) line(x1, y1, x2, y2 float64, class, more string) {
	d.put(`<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"%s/>`, at(x1), at(y1), at(x2), at(y2), class, more)
}

func (d *drawing) rect(x, y, width, height float64, class, more string) {
	d.put(`<rect x="%s" y="%s" width="%s" height="%s" class="%s"%s/>`, at(x), at(y), at(width), at(height), class, more)
}

// at is a coordinate to a tenth.
func at(x float64) string {
	s := strconv.FormatFloat(x, 'f', 1, 64)
	if s = strings.TrimSuffix(s, ".0"); s == "-0" {
		return "0"
	}
	return s
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

// times is a ratio as people read it.
func times(x float64) string {
	digits := 2
	if x >= 10 {
		digits = 1
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + "×"
}

// fit cuts a text that would be wider than its column.
func fit(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
