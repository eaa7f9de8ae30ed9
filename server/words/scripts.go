package words

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// said is a text in a script: t('…'), its quotes escaped as JavaScript has it.
var said = regexp.MustCompile(`\bt\('((?:[^'\\\n]|\\.)+)'`)

// InScripts are the texts that the scripts under a folder say, each once.
func InScripts(files fs.FS, folder string) ([]string, error) {
	var texts []string
	seen := map[string]bool{}
	err := fs.WalkDir(files, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".js" || strings.Contains(name, "/vendor/") {
			return err
		}
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		for _, m := range said.FindAllStringSubmatch(string(raw), -1) {
			text := strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(m[1])
			if !seen[text] {
				seen[text] = true
				texts = append(texts, text)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the scripts' texts: %w", err)
	}
	return texts, nil
}

// Script is what a page's scripts need of this language: their texts by the
// English ones; nothing for English.
func (s *Speech) Script(texts []string) map[string]string {
	if s.entries == nil {
		return nil
	}
	out := make(map[string]string, len(texts))
	for _, text := range texts {
		if translated := s.form(text, "other"); translated != text {
			out[text] = translated
		}
	}
	return out
}
