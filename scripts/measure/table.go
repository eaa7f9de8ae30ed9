package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The table is for a terminal of so many columns. What a comparison stands
// beside is cut to what is left of them: docs/performance.md has it whole.
const (
	columns = 120
	leastOf = 12 // of what stands beside
)

// table is one line a comparison, and below it why those were not taken that were not.
func table(taken []result) string {
	lines := [][]string{{"row", "ours", "other", "ratio", "goal", "holds", "beside"}}
	for _, r := range taken {
		lines = append(lines, []string{r.Name, r.Ours.brief(), r.Other.brief(), r.ratio(), r.Goal, r.holds(), r.Beside})
	}
	last := len(lines[0]) - 1
	wide, left := make([]int, last), columns
	for i := range wide {
		for _, line := range lines {
			wide[i] = max(wide[i], utf8.RuneCountInString(line[i]))
		}
		left -= wide[i] + 2
	}
	var b strings.Builder
	for _, line := range lines {
		for i, cell := range line[:last] {
			b.WriteString(cell + strings.Repeat(" ", wide[i]+2-utf8.RuneCountInString(cell)))
		}
		b.WriteString(cut(line[last], max(left, leastOf)))
		b.WriteString("\n")
	}
	for _, r := range taken {
		if r.Why != "" {
			beside := ""
			if r.Beside != "" {
				beside = " beside " + r.Beside
			}
			fmt.Fprintf(&b, "%s%s was not taken: %s\n", r.Name, beside, r.Why)
		}
	}
	text := b.String()
	for strings.Contains(text, " \n") {
		text = strings.ReplaceAll(text, " \n", "\n")
	}
	return text
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
