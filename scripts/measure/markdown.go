package main

import (
	"fmt"
	"slices"
	"strings"
)

// markdown is the table of the page, and what it was taken on.
func (p *page) markdown() string {
	var b strings.Builder
	b.WriteString("\n" + p.taken() + "\n\n")
	b.WriteString("| row | ours | beside | other | ratio (rounds) | goal | holds |\n|---|---|---|---|---|---|---|\n")
	for _, r := range p.Results {
		ratio, holds := r.ratio(), r.holds()
		if r.Spread != nil {
			ratio = fmt.Sprintf("**%s** (%s–%s)", ratio, short(r.Spread.Least), short(r.Spread.Most))
		}
		if r.Why != "" {
			holds += ": " + r.Why
		}
		cells := []string{fmt.Sprintf("[%s](#%[1]s)", r.Name), r.Ours.String(), r.Beside, r.Other.String(), ratio, r.Goal, holds}
		for i := range cells {
			cells[i] = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(cells[i])
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	b.WriteString("\n")
	if also := p.also(); also != "" {
		b.WriteString("Reported beside, and held to nothing:\n\n" + also + "\n")
	}
	return b.String()
}

// taken is a sentence of when and on what.
func (p *page) taken() string {
	m := p.Machine
	if len(p.Results) == 0 {
		return "Nothing was taken yet."
	}
	days := make([]string, len(p.Results))
	for i, r := range p.Results {
		days[i] = r.Taken
	}
	when := slices.Min(days)
	if last := slices.Max(days); last != when {
		when += " to " + last
	}
	return fmt.Sprintf("Taken on %s, on %d cores of %s with %s, Linux %s, %s, Redis %s, PostgreSQL %s. The last run took %s.",
		when, m.Cores, m.CPU, m.Memory, m.Kernel, m.Go, m.Redis, m.PostgreSQL, p.Took)
}

// also are the figures that are held to nothing, a line a row.
func (p *page) also() string {
	var b strings.Builder
	said := map[string]bool{}
	for _, r := range p.Results {
		if len(r.Also) == 0 || said[r.Name] {
			continue
		}
		said[r.Name] = true
		var each []string
		for _, f := range inOrder(r.Also) {
			each = append(each, f.String())
		}
		fmt.Fprintf(&b, "- %s: %s\n", r.Name, strings.Join(each, ", "))
	}
	return b.String()
}
