package browser

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

// Icons reads icons/*.svg of the assets and returns what templates call icon:
// the drawing by its name, which stands beside words and is hidden from who
// cannot see it. A name that there is none of fails the page's first showing.
func Icons(assets fs.FS) (func(name string) (template.HTML, error), error) {
	names, err := fs.Glob(assets, "icons/*.svg")
	if err != nil {
		return nil, err
	}
	drawn := make(map[string]template.HTML, len(names))
	for _, name := range names {
		raw, err := fs.ReadFile(assets, name)
		if err != nil {
			return nil, fmt.Errorf("reading the icons: %w", err)
		}
		svg := strings.Replace(strings.TrimSpace(string(raw)), "<svg ", `<svg class="icon" aria-hidden="true" focusable="false" `, 1)
		drawn[strings.TrimSuffix(path.Base(name), ".svg")] = template.HTML(svg) //nolint:gosec // our own files
	}
	return func(name string) (template.HTML, error) {
		if svg, ok := drawn[name]; ok {
			return svg, nil
		}
		return "", fmt.Errorf("there is no icon %q", name)
	}, nil
}
