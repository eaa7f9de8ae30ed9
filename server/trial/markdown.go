package trial

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Markdown writes a table to be read by people. The signed JSON is what counts.
func Markdown(t Table, s Signed, public ed25519.PublicKey) string {
	var b strings.Builder
	world := "on hardware"
	if t.World != Hardware {
		world = "SIMULATED, not tried on hardware"
	}
	fmt.Fprintf(&b, "# Trial of %s: %s\n\n%s.\n\n| | |\n|---|---|\n", cell(string(t.Device)), world, cell(t.Because))
	row := func(name, value string) { fmt.Fprintf(&b, "| %s | %s |\n", name, cell(value)) }
	row("model", strings.TrimSpace(t.Model+" "+t.Called))
	row("iPadOS", strings.TrimSpace(t.OSVersion+" "+t.Build))
	row("ward", t.Ward)
	row("fleet kind, lock target", strings.TrimSuffix(string(t.Fleet)+", "+string(t.Target), ", "))
	for _, p := range t.Plans {
		row(fmt.Sprintf("plan: %s", p.Goal), fmt.Sprintf("%s; steps %s; digest %s", outcomeWord(p.Outcome), strings.Join(p.Steps, ", "), p.Digest))
	}
	row("filed", fmt.Sprintf("by %s, %s, begun %s", t.By, clock(t.Filed), clock(t.Began)))
	row("padwarden", strings.TrimSuffix(t.Version+", driver "+t.Driver, ", driver "))
	b.WriteString("\n## Steps\n")
	for _, r := range t.Steps {
		result(&b, r)
	}
	fmt.Fprintf(&b, "\nEvidence is from the iPad's history; what was seen is the word of who filed this.\nSigned by the server's key `%s` (Ed25519): `%s`\n",
		base64.StdEncoding.EncodeToString(public), base64.StdEncoding.EncodeToString(s.Signature))
	return b.String()
}

func result(b *strings.Builder, r Result) {
	fmt.Fprintf(b, "\n### %s: %s", cell(r.Title), outcomeWord(r.Outcome))
	if len(r.Evidence) > 1 {
		fmt.Fprintf(b, ", %s", (time.Duration(r.TookMs) * time.Millisecond).Round(100*time.Millisecond))
	}
	b.WriteString("\n\n")
	if r.Note != "" {
		fmt.Fprintf(b, "%s\n\n", cell(r.Note))
	}
	if len(r.Evidence) > 0 {
		b.WriteString("| when | what the history shows | entry | detail |\n|---|---|---|---|\n")
		for _, e := range r.Evidence {
			fmt.Fprintf(b, "| %s | %s | %d `%.12s` | %s %s |\n", clock(e.At), cell(e.Says), e.Seq, e.Hash, cell(e.Kind), cell(e.Detail))
		}
		b.WriteString("\n")
	}
	for _, a := range r.Eyes {
		said := a.Answer
		if said == "" {
			said = "not seen"
		}
		fmt.Fprintf(b, "- %s **%s**\n", cell(a.Ask), cell(said))
	}
}

func outcomeWord(o Outcome) string {
	if o == NotTried || o == "" {
		return "not tried"
	}
	return string(o)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

// cell keeps a text, some of it typed by people, in its place: on one line, and no markup.
func cell(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // a terminal would obey it
			return -1
		}
		return r
	}, s)
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "*", `\*`, "`", "'", "[", `\[`, "]", `\]`, "#", `\#`).Replace(s)
}
