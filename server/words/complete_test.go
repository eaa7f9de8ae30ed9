package words_test

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"unicode"

	"golang.org/x/net/html"

	"github.com/padwarden/padwarden/server/policytext"
	"github.com/padwarden/padwarden/server/words"
	"github.com/padwarden/padwarden/web"
)

// toCome are the templates whose texts are not in the catalogue yet.
var toCome = []string{
	"console/import.html", "kiosk/page.html", "kiosk/sorry.html",
}

// promised are texts in the catalogue that pages to come say.
var promised = []string{"Administration", "Use"}

// properNames are said alike in every language, and need no entry in a template.
var properNames = strings.NewReplacer("padwarden", "", "iPadOS", "", "PIN", "")

// German is complete: whatever a template or a script says has an entry in it.
func TestEveryTextOfThePagesIsTranslated(t *testing.T) {
	de := german(t)
	for _, s := range append(templateTexts(t), scriptTexts(t)...) {
		if !de.Has(s.text) && strings.ContainsFunc(properNames.Replace(s.text), unicode.IsLetter) {
			t.Errorf("%s says %q, which has no German", s.where, s.text)
		}
	}
}

// Nothing in a template is said past the catalogue: neither between tags nor in
// what is read out or shown of their attributes.
func TestTemplatesSayNothingBare(t *testing.T) {
	for _, name := range templates(t) {
		if slices.Contains(toCome, name) {
			continue
		}
		for _, tree := range parsed(t, name) {
			for _, text := range bare(tree) {
				t.Errorf("%s: %q stands there for every language; write {{t %q}}", name, text, text)
			}
		}
	}
}

// A text that a script makes up as it runs can be in no catalogue.
func TestScriptsWriteTheirTextsOut(t *testing.T) {
	made := regexp.MustCompile(`(?m)[^\w.$]t\((?:[^'\s]|'[^']*' *[+?])[^\n]*`)
	err := fs.WalkDir(web.FS, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".js" || strings.Contains(name, "/vendor/") || name == "static/words.js" {
			return err
		}
		raw, err := fs.ReadFile(web.FS, name)
		if found := made.FindString(string(raw)); found != "" {
			t.Errorf("%s: %s: t wants its text written out, in single quotes", name, strings.TrimSpace(found))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What nobody says any more goes out of the catalogue.
func TestNoEntryIsDead(t *testing.T) {
	said := map[string]bool{}
	for _, s := range append(templateTexts(t), scriptTexts(t)...) {
		said[pattern(s.text)] = true
	}
	for _, literal := range literals(t) {
		said[pattern(literal.text)] = true
		if _, fault, ok := strings.Cut(literal.text, ": "); ok { // what a policy's fault becomes at its field
			said[pattern(policytext.Sentence(fault))] = true
		}
	}
	for _, key := range german(t).Keys() {
		if !said[pattern(key)] && !slices.Contains(promised, key) {
			t.Errorf("%q has German, and nothing says it", key)
		}
	}
}

var place = regexp.MustCompile(`%(?:\[(\d+)\])?([sdv])`)

// places are what varies in a format, by number.
func places(format string) map[string]string {
	all, n := map[string]string{}, 0
	for _, m := range place.FindAllStringSubmatch(format, -1) {
		n++
		at := m[1]
		if at == "" {
			at = fmt.Sprint(n)
		}
		all[at] = m[2]
	}
	return all
}

// A translation has the places of its text. Only a form that counts a certain
// number may leave the number out.
func TestPlacesAgree(t *testing.T) {
	de := german(t)
	for _, key := range de.Keys() {
		want := places(key)
		for form, text := range de.Forms(key) {
			got := places(text)
			for at, verb := range want {
				if got[at] != verb && !(form != "other" && verb == "d" && got[at] == "") {
					t.Errorf("%q (%s): place %s is %%%s in English and %%%s in German", key, form, at, verb, got[at])
				}
				delete(got, at)
			}
			for at := range got {
				t.Errorf("%q (%s): its German has place %s, and the English has not", key, form, at)
			}
			if strings.TrimSpace(text) == "" {
				t.Errorf("%q (%s): its German is empty", key, form)
			}
		}
	}
}

func german(t *testing.T) *words.Speech {
	t.Helper()
	c, err := words.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c.Match("de", "")
}

// saying is a text and where it is said.
type saying struct{ where, text string }

func scriptTexts(t *testing.T) (all []saying) {
	t.Helper()
	texts, err := words.InScripts(web.FS, "static")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		all = append(all, saying{"a script", text})
	}
	return all
}

func templates(t *testing.T) (names []string) {
	t.Helper()
	for _, folder := range []string{"console", "kiosk"} {
		found, err := fs.Glob(web.FS, folder+"/*.html")
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if len(names) < 10 {
		t.Fatalf("only %d templates are looked at", len(names))
	}
	return names
}

func parsed(t *testing.T, name string) map[string]*parse.Tree {
	t.Helper()
	raw, err := fs.ReadFile(web.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	trees := map[string]*parse.Tree{}
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(string(raw), "", "", trees); err != nil {
		t.Fatal(err)
	}
	return trees
}

// templateTexts are what the templates say with t and n.
func templateTexts(t *testing.T) (all []saying) {
	t.Helper()
	for _, name := range templates(t) {
		for _, tree := range parsed(t, name) {
			walk(tree.Root, func(node parse.Node) {
				c, ok := node.(*parse.CommandNode)
				if !ok {
					return
				}
				at := map[string]int{"t": 1, "n": 3}[c.Args[0].String()]
				if at == 0 {
					return
				}
				if len(c.Args) <= at {
					t.Errorf("%s: {{%s}} says nothing", name, c)
					return
				}
				if _, field := c.Args[at].(*parse.FieldNode); field {
					return // written out in the code, where the test of sentences looks
				}
				text, ok := c.Args[at].(*parse.StringNode)
				if !ok {
					t.Errorf("%s: {{%s}} must have its text written out", name, c)
					return
				}
				all = append(all, saying{name, text.Text})
			})
		}
	}
	return all
}

// walk visits a node and all below it.
func walk(node parse.Node, visit func(parse.Node)) {
	visit(node)
	below := func(nodes ...parse.Node) {
		for _, n := range nodes {
			walk(n, visit)
		}
	}
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, visit)
		walk(b.List, visit)
		if b.ElseList != nil {
			walk(b.ElseList, visit)
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		below(n.Nodes...)
	case *parse.ActionNode:
		below(n.Pipe)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			below(c)
		}
	case *parse.CommandNode:
		below(n.Args...)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			below(n.Pipe)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}

// attributes are what a template is that stands within a tag.
var attributes = regexp.MustCompile(`^(?:\s*[\w-]+="[^"<>]*")+\s*$`)

// bare is the text of a template that no action makes: it is read as HTML, with
// a mark in the place of each action.
func bare(tree *parse.Tree) (found []string) {
	var b strings.Builder
	walk(tree.Root, func(n parse.Node) {
		switch x := n.(type) {
		case *parse.TextNode:
			b.Write(x.Text)
		case *parse.ActionNode, *parse.TemplateNode:
			b.WriteString("\x01")
		}
	})
	if attributes.MatchString(b.String()) {
		return nil
	}
	say := func(text string) {
		text = strings.TrimSpace(strings.ReplaceAll(text, "\x01", " "))
		if strings.ContainsFunc(properNames.Replace(text), unicode.IsLetter) {
			found = append(found, text)
		}
	}
	z, script := html.NewTokenizer(strings.NewReader(b.String())), false
	for z.Next() != html.ErrorToken {
		token := z.Token()
		switch token.Type {
		case html.TextToken:
			if !script {
				say(token.Data)
			}
		case html.EndTagToken:
			script = false
		case html.StartTagToken, html.SelfClosingTagToken:
			script = token.Data == "script"
			for _, a := range token.Attr {
				if slices.Contains([]string{"aria-label", "title", "placeholder", "alt", "data-label", "summary"}, a.Key) {
					say(a.Val)
				}
			}
		}
	}
	return found
}
