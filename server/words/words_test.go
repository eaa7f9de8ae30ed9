package words

import (
	"html/template"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func german(t *testing.T, entries string) *Speech {
	t.Helper()
	c, err := Load(fstest.MapFS{"words/de/a.json": {Data: []byte(entries)}})
	if err != nil {
		t.Fatal(err)
	}
	return c.Match("de", "")
}

func TestTextsAreFilled(t *testing.T) {
	de := german(t, `{
		"Hello, %s": "Guten Tag, %s",
		"%s gave it to %s": "%[2]s bekam es von %[1]s",
		"%d iPads": {"one": "%d iPad", "other": "%d iPads"},
		"%d such iPads": {"one": "Ein solches iPad", "other": "%d solche iPads"},
		"locks in %v": "sperrt in %v",
		"%d minutes": {"one": "einer Minute", "other": "%d Minuten"},
		"100 % sure": "zu 100 % sicher"}`)
	for _, c := range []struct{ got, want any }{
		{de.Text("Hello, %s", "Ünal"), "Guten Tag, Ünal"},
		{de.Text("%s gave it to %s", "Anna", "Ben"), "Ben bekam es von Anna"},
		{de.Text("100 % sure"), "zu 100 % sicher"},
		{de.Count(1, "%d iPad", "%d iPads"), "1 iPad"},
		{de.Count(1, "One iPad", "%d such iPads"), "Ein solches iPad"},
		{de.Count(12000, "%d iPad", "%d iPads"), "12.000 iPads"},
		{de.Text("locks in %v", "3 minutes"), "sperrt in 3 Minuten"},
		{de.Text("Hello, %s", template.HTML("<b>A</b>")), template.HTML("Guten Tag, <b>A</b>")},
		{de.Text("%s gave it to %s", "<i>", template.HTML("<b>A</b>")), template.HTML("<b>A</b> bekam es von &lt;i&gt;")},
	} {
		if c.got != c.want {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
	if missed := de.Missed(); len(missed) != 0 {
		t.Errorf("missed %q", missed)
	}
	if got := de.Text("Not there, %s", "A"); got != "Not there, A" || strings.Join(de.Missed(), "") != "Not there, %s" {
		t.Errorf("what is missing is %v, and known as %q", got, de.Missed())
	}
}

func TestEnglishIsItsOwnText(t *testing.T) {
	c, err := Load(fstest.MapFS{"words/de/a.json": {Data: []byte(`{"a": "b"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	en := c.English()
	if en.Count(1, "%d iPad", "%d iPads") != "1 iPad" || en.Count(2, "%d iPad", "%d iPads") != "2 iPads" || en.Say("Anything.") != "Anything." {
		t.Error("English is not as it is written")
	}
}

// A sentence that was made long before is found by what it was made with.
func TestSentencesAreRecognised(t *testing.T) {
	de := german(t, `{
		"Kept for %s.": "Für %s zurückgehalten.",
		"Kept for %s until %s.": "Für %s bis %s zurückgehalten.",
		"Erase acknowledged: %v": "Löschen bestätigt: %v",
		"needs %d hands.": "braucht %d Hände.",
		"Locked": "Gesperrt", "Wipe it.": "Löschen Sie es.", "missing: %v": "fehlend: %v", "rules": "Regeln"}`)
	for said, want := range map[string]string{
		"Kept for Locked.":                       "Für Locked zurückgehalten.", // a name, whatever it is
		"Kept for Ben until 7.":                  "Für Ben bis 7 zurückgehalten.",
		"Erase acknowledged: needs 2 hands.":     "Löschen bestätigt: braucht 2 Hände.",
		"Erase acknowledged: something else":     "Löschen bestätigt: something else",
		"Locked":                                 "Gesperrt",
		"Kept for Ben. Wipe it.":                 "Für Ben zurückgehalten. Löschen Sie es.",
		"missing: rules, Locked; Locked":         "fehlend: Regeln, Gesperrt; Gesperrt",
		"Wipe it. Nobody knows.":                 "Wipe it. Nobody knows.",
		"A sentence that nobody has translated.": "A sentence that nobody has translated.",
	} {
		for range 2 { // the second time it is remembered
			if got := de.Say(said); got != want {
				t.Errorf("%q became %q, want %q", said, got, want)
			}
		}
	}
}

// A reason that somebody writes to keep a page busy is given up.
func TestSentencesAreLookedForInBoundedTime(t *testing.T) {
	de := german(t, `{"%v failed": "%v fehlgeschlagen", "%v, %v and %s": "%v, %v und %s"}`)
	began := time.Now()
	for _, text := range []string{strings.Repeat("a b failed. ", 60) + "no", strings.Repeat("a b failed, ", 60) + "no", strings.Repeat("a, b and c. ", 60)} {
		de.Say(text)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("three texts took %s", took)
	}
}

func TestTheLanguageIsChosen(t *testing.T) {
	c, err := Load(fstest.MapFS{"words/de/a.json": {Data: []byte(`{"a": "b"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ chosen, accepted, want string }{
		{"", "de-AT,de;q=0.9,en;q=0.5", "de"}, {"en", "de", "en"}, {"de", "en", "de"}, {"", "fr", "en"}, {"", "", "en"},
		{"xx", "de", "de"}, {"", "de;q=nonsense", "en"}, {"", strings.Repeat("de,", 1000), "en"},
	} {
		if got := c.Match(x.chosen, x.accepted).Code(); got != x.want {
			t.Errorf("chosen %q, accepted %.20q: %s, want %s", x.chosen, x.accepted, got, x.want)
		}
	}
}

func TestATextStandsInOneFile(t *testing.T) {
	_, err := Load(fstest.MapFS{"words/de/a.json": {Data: []byte(`{"a": "b"}`)}, "words/de/b.json": {Data: []byte(`{"a": "c"}`)}})
	if err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("twice the same text: %v", err)
	}
	if _, err := Load(fstest.MapFS{"words/de/a.json": {Data: []byte(`{"a": {"one": "b"}}`)}}); err == nil {
		t.Error("a text without its last form was taken")
	}
}

func TestScriptsAreRead(t *testing.T) {
	files := fstest.MapFS{"static/a/x.js": {Data: []byte(`say(t('It\'s %s', name)); const at('no'); t('Go on')`)}, "static/vendor/y.js": {Data: []byte(`t('theirs')`)}}
	texts, err := InScripts(files, "static")
	if err != nil || strings.Join(texts, "|") != "It's %s|Go on" {
		t.Errorf("%q, %v", texts, err)
	}
	if got := german(t, `{"Go on": "Weiter"}`).Script(texts); len(got) != 1 || got["Go on"] != "Weiter" {
		t.Errorf("%v", got)
	}
}
