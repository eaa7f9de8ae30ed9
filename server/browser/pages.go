package browser

import (
	"fmt"
	"html/template"
	"io/fs"
	"maps"

	"github.com/padwarden/padwarden/server/words"
)

// Pages parses the templates of a folder once for every language, with what
// they say things with ([words.Speech.Funcs]), icon, languages, and script:
// what the folder's own scripts say. more adds a folder's own words; nil: none.
func Pages(assets fs.FS, folder string, more func(*words.Speech) template.FuncMap) (*words.Catalogue, map[*words.Speech]*template.Template, error) {
	catalogue, err := words.Load(assets)
	if err != nil {
		return nil, nil, err
	}
	icon, err := Icons(assets)
	if err != nil {
		return nil, nil, err
	}
	texts, err := words.InScripts(assets, "static/"+folder)
	if err != nil {
		return nil, nil, err
	}
	shared, err := fs.Glob(assets, "static/*.js")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range shared {
		some, err := words.InScripts(assets, name)
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, some...)
	}
	pages, asset := map[*words.Speech]*template.Template{}, Versioned(assets)
	for _, s := range catalogue.All() {
		funcs := s.Funcs()
		funcs["icon"] = icon
		funcs["languages"], funcs["asset"] = catalogue.All, asset
		script := s.Script(texts)
		funcs["script"] = func() map[string]string { return script }
		if more != nil {
			maps.Copy(funcs, more(s))
		}
		if pages[s], err = template.New(folder).Funcs(funcs).ParseFS(assets, folder+"/*.html"); err != nil {
			return nil, nil, fmt.Errorf("reading the pages of %s: %w", folder, err)
		}
	}
	return catalogue, pages, nil
}
