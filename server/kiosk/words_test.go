package kiosk

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/words"
	"github.com/padwarden/padwarden/web"
)

// In every other language there is each text of the page's templates, its
// scripts and its own sentences: half a page in another language helps nobody.
func TestTheCatalogueIsComplete(t *testing.T) {
	catalogue, err := words.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := words.InScripts(web.FS, "static/kiosk")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kiosk/page.html", "kiosk/sorry.html"} {
		page, err := web.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\{\{t ("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(string(page), -1) {
			texts = append(texts, unquoted(t, m[1]))
		}
	}
	texts = append(texts, sentences(t)...)
	if len(texts) < 120 {
		t.Fatalf("only %d texts were found", len(texts))
	}
	for _, speech := range catalogue.All()[1:] {
		for _, text := range texts {
			speech.Say(text)
		}
		missed := slices.DeleteFunc(speech.Missed(), func(m string) bool { return m == "X" }) // in the place of a phrase
		if len(missed) != 0 {
			t.Errorf("missing in %s: %q", speech.Code(), missed)
		}
	}
}

// sentences are the literal ones in this package's own code: what begins with a
// capital and ends as a sentence does, or is the word of a rung.
func sentences(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "reader.go" { // a reader's program reads English
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "//") || strings.Contains(line, "k.Log.") || strings.Contains(line, "errors.New") {
				continue
			}
			for _, m := range literal.FindAllString(line, -1) {
				text := unquoted(t, m)
				whole := regexp.MustCompile(`^[A-Z].+ .+[.?]$`).MatchString(text)
				if whole || name == "ladder.go" && strings.HasPrefix(line, "return ") || name == "admit.go" && (strings.HasSuffix(text, " ago") || text == "just now") {
					all = append(all, strings.ReplaceAll(strings.ReplaceAll(text, "%d", "7"), "%s", "X"))
				}
			}
		}
	}
	return all
}

func unquoted(t *testing.T, literal string) string {
	t.Helper()
	text, err := strconv.Unquote(literal)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Somebody who reads German has the whole page so, what the core says too; what
// they say of an emergency is in the history as everybody reads it.
func TestAGermanPage(t *testing.T) {
	h := newHouse(t)
	german := func(r *http.Request) { r.Header.Set("Accept-Language", "de-DE,de;q=0.9") }
	if _, page, _ := h.ask("GET", "/kiosk", "", german); !strings.Contains(page, `<html lang="de">`) || !strings.Contains(page, "Ausweis an den Leser halten") {
		t.Error("the page is not German")
	}
	h.signIn(annaBadge, annaPIN)
	h.lock()
	_, state, _ := h.ask("GET", "/kiosk/state", "", german)
	if !strings.Contains(state, "Ist das Ihres?") || strings.Contains(state, "Is this yours?") {
		t.Error(state)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder = custody.Clean, "" })

	tab := browsertest.Open(t)
	base := browsertest.Serve(t, h.app)
	tab.In("Europe/Berlin", "de-DE,de")
	tab.Fingers()
	tab.Do(chromedp.Navigate(base+"/kiosk/start/D07."+strconv.FormatInt(h.row(ipad).Epoch, 10)+"."+strconv.FormatInt(h.row(ipad).Run.ID, 10)), chromedp.WaitVisible("#ready"))
	tab.Judge("kiosk-de-1-ready")
	fits(t, tab)
	tab.Do(chromedp.KeyEvent(benBadge + "\r"))
	tab.Until(showing("pin"))
	tab.Judge("kiosk-de-2-pin")
	fits(t, tab)
	tab.Touch("#emergency")
	tab.Touch("#urgently-yes")
	tab.Until(showing("session"))
	tab.Judge("kiosk-de-3-emergency")
	fits(t, tab)
	tab.Touch("#say-why")
	tab.Touch("#reasons button:first-child")
	tab.Until(showing("session") + ` && document.getElementById('say-why').hidden`)
	if all := h.emergencies(); len(all) != 1 || all[0].Reason != "A patient needed help at once" {
		t.Errorf("%+v", all)
	}
	tab.Touch("#done")
	tab.Until(showing("leaving"))
	tab.Judge("kiosk-de-4-done")
	fits(t, tab)
	if _, err := h.Apply(context.Background(), ipad, custody.Return{By: "ben"}); err != nil {
		t.Fatal(err)
	}
	tab.Until(showing("wiping"))
	tab.Judge("kiosk-de-5-wiping")
	fits(t, tab)
	english := tab.Eval(`document.querySelector('#wiping').innerText`)
	for _, word := range []string{"iPad has", "Proven", "Usually", "removed", "began"} {
		if slices.Contains(strings.Fields(english), word) || strings.Contains(english, word) {
			t.Errorf("%q in the German page: %s", word, english)
		}
	}
}
