package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// The packages whose sentences reach pages, and the files in them that speak to
// others than people at a page, with the reason.
var (
	speaking = []string{"app", "badge", "browser", "console", "custody", "errand", "identity", "identity/oidc", "kiosk", "mdm", "mdm/apns",
		"plan", "policytext", "problem", "provision", "revoke", "scim", "steward", "trial"}
	notToPages = map[string]string{
		"mdm/automated.go":  "Setup Assistant shows it, which no language was chosen for",
		"mdm/enroll.go":     "answered to an iPad that is not enrolled yet",
		"mdm/renewal.go":    "for the log",
		"app/trials.go":     "padwarden trial reads it",
		"trial/steps.go":    "padwarden trial walks them in a terminal, which speaks English",
		"trial/mishaps.go":  "padwarden trial walks them in a terminal, which speaks English",
		"trial/claim.go":    "answered to padwarden trial",
		"trial/office.go":   "answered to padwarden trial",
		"trial/markdown.go": "a document of its own",
		"scim/answer.go":    "answered to the hospital's directory",
		"scim/groups.go":    "answered to the hospital's directory",
		"scim/members.go":   "answered to the hospital's directory",
		"scim/scim.go":      "answered to the hospital's directory",
		"scim/user.go":      "answered to the hospital's directory, but for what it changes",
		"app/metrics.go":    "for Prometheus",
		"trial/duration.go": "read from a file that padwarden trial writes",
	}
	// saidAsItIs are sentences that are not translated, with the reason.
	saidAsItIs = map[string]string{
		"Until the push certificate ends; below 0 once it has.": "for Prometheus",
		"Emergency code of ": "the name of who signs in by it, kept as a name",
		"Added on iPad ":     "a passkey's name, kept as one",
		"text":               "a kind of field",
	}
)

// said is the naming by which phrases are known that are no whole sentences:
// the values of such variables, and the literals in such functions.
var said = regexp.MustCompile(`(?:[wW]ords?|[sS]ays|[sS]entences?|Texts?|Names)$|^(?:evidence|reached|showed|askedFor|clock|ago|inDays|span|pinStands|called|orNone|errorText|rungWord|Waiting|Kept|BestLock|Words|tokenLine)$`)

// wholeFiles are files whose literals are all read by people, but for a program's names.
var wholeFiles = map[string]bool{"deeds_all.go": true}

// What is written to the log, and what is taken off or looked for in a text.
var (
	logs     = map[string]bool{"Debug": true, "Info": true, "Warn": true, "Error": true}
	prefixes = map[string]bool{"TrimPrefix": true, "CutPrefix": true, "HasPrefix": true, "ReplaceAll": true, "Event": true}
)

// noting are the functions whose literals are read by people, phrases or not: by
// the name of what they are called on, those of a device's history and of an
// import's report.
var noting = regexp.MustCompile(`^(?:d\.(?:note|endRun|unproven)|j\.(?:says|refuse))$`)

// Whatever the core says to people has an entry in German: whole sentences
// wherever they stand, and the phrases that are known by where they stand.
func TestEverySentenceOfTheCoreIsTranslated(t *testing.T) {
	have := map[string]bool{}
	for _, key := range german(t).Keys() {
		have[pattern(key)] = true
	}
	n := 0
	for _, l := range literals(t) {
		if !l.people {
			continue
		}
		n++
		if !have[pattern(l.text)] && saidAsItIs[l.text] == "" {
			t.Errorf("%s: %q has no German", l.where, l.text)
		}
	}
	if n < 300 {
		t.Errorf("only %d sentences were found: is the core still looked at?", n)
	}
}

// A sentence that is glued together can be recognised by no pattern.
func TestSentencesAreMadeWithOnePattern(t *testing.T) {
	files := token.NewFileSet()
	for _, folder := range speaking {
		names, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			rel := filepath.ToSlash(strings.TrimPrefix(name, "../"))
			if strings.HasSuffix(name, "_test.go") || notToPages[rel] != "" {
				continue
			}
			f, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				sum, ok := n.(*ast.BinaryExpr)
				if !ok || sum.Op != token.ADD {
					return true
				}
				if _, whole := joined(sum); whole {
					return false
				}
				for _, part := range []ast.Expr{sum.X, sum.Y} {
					if text, ok := joined(part); ok && glue.MatchString(text) && saidAsItIs[text] == "" {
						t.Errorf("%s: %q is glued to something: write it as one pattern, with fmt.Sprintf", files.Position(part.Pos()), text)
					}
				}
				return true
			})
		}
	}
}

// glue is a piece of a sentence: words that begin or end it, and no whole sentences.
var glue = regexp.MustCompile(`^\p{Lu}\p{Ll}+ (?:.*[^. ])? ?$|^[,:;]? .*\p{Ll}{2}.*\.$|^[,;:] .*\p{Ll}{3}`)

var verb = regexp.MustCompile(`%(?:%|(?:\[\d+\])?[-+# 0]*[\d.]*[a-zA-Z])`)

// pattern is a format whatever its places are, as Go and the catalogue write them.
func pattern(format string) string {
	return strings.TrimSpace(verb.ReplaceAllStringFunc(format, func(v string) string {
		if v == "%%" || strings.HasPrefix(v, "% ") {
			return v[1-len(v)%2:]
		}
		return "\x01"
	}))
}

// literal is a string in our code; people: it is made to be read by them.
type literal struct {
	saying
	people bool
}

// literals are the strings of all our code that is no test, joined where the
// code joins them.
func literals(t *testing.T) (all []literal) {
	t.Helper()
	speaks := map[string]bool{}
	for _, p := range speaking {
		speaks[p] = true
	}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(name, "../"))
		f, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			return err
		}
		people := speaks[filepath.ToSlash(filepath.Dir(rel))] && notToPages[rel] == ""
		all = append(all, inFile(files, f, people)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for file, why := range notToPages {
		if _, err := os.Stat(filepath.Join("..", file)); err != nil || why == "" {
			t.Errorf("%s is an exception, and is not there, or has no reason", file)
		}
	}
	return all
}

func inFile(files *token.FileSet, f *ast.File, people bool) (all []literal) {
	var visit func(n ast.Node, phrase bool)
	visit = func(n ast.Node, phrase bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.ImportSpec, *ast.Field:
				return false
			case *ast.FuncDecl:
				if x.Body != nil {
					visit(x.Body, phrase || said.MatchString(x.Name.Name))
				}
				return false
			case *ast.ValueSpec:
				for _, v := range x.Values {
					visit(v, phrase || said.MatchString(x.Names[0].Name))
				}
				return false
			case *ast.KeyValueExpr: // the key of a map is no text; How is what a ladder's rung shows
				id, _ := x.Key.(*ast.Ident)
				visit(x.Value, phrase || id != nil && id.Name == "How")
				return false
			case *ast.CallExpr:
				if sel, ok := x.Fun.(*ast.SelectorExpr); ok {
					if logs[sel.Sel.Name] || prefixes[sel.Sel.Name] {
						for _, a := range x.Args {
							visit(a, false)
						}
						return false
					}
					if on, ok := sel.X.(*ast.Ident); ok && noting.MatchString(on.Name+"."+sel.Sel.Name) {
						for i, a := range x.Args {
							visit(a, i != 1 || sel.Sel.Name != "note") // the second of a note is who
						}
						return false
					}
				}
			case *ast.CaseClause: // what is compared is no text
				for _, s := range x.Body {
					visit(s, phrase)
				}
				return false
			case *ast.BinaryExpr, *ast.BasicLit:
				if text, ok := joined(n.(ast.Expr)); ok {
					all = append(all, literal{saying{files.Position(n.Pos()).String(), text}, people && (isSentence(text) || phrase && isPhrase(text))})
					return false
				}
			}
			return true
		})
	}
	whole := wholeFiles[filepath.Base(files.Position(f.Pos()).Filename)]
	visit(f, whole)
	if whole {
		for i, l := range all {
			first, _ := utf8.DecodeRuneInString(l.text)
			all[i].people = l.people && (unicode.IsUpper(first) || strings.Contains(l.text, " "))
		}
	}
	return all
}

// joined is a literal, or several that are added up.
func joined(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		if x.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(x.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, ok := joined(x.X)
		b, too := joined(x.Y)
		return a + b, x.Op == token.ADD && ok && too
	}
	return "", false
}

// isSentence: it begins with a capital or with what varies, has several words,
// and ends like a sentence, or with what varies after one or after a colon.
func isSentence(s string) bool {
	s = strings.TrimSpace(s)
	first, _ := utf8.DecodeRuneInString(s)
	if strings.HasSuffix(s, "…") && len(s) > len("…") {
		return true
	}
	if strings.Contains(s, "%w") || !strings.Contains(s, " ") || !unicode.IsUpper(first) && first != '%' && first != '“' || strings.Contains(s, "\n") {
		return false
	}
	if end := strings.TrimRight(verb.ReplaceAllString(s, "\x01"), "\x01 "); end != s && (strings.HasSuffix(end, ".") || strings.HasSuffix(end, ":")) {
		return strings.ContainsFunc(end, unicode.IsLetter)
	}
	return strings.ContainsAny(s[len(s)-1:], ".?!")
}

// isPhrase: it has a word of people's in it, and is not a program's.
func isPhrase(s string) bool {
	return word.MatchString(verb.ReplaceAllString(s, "")) && !program.MatchString(s) && !strings.Contains(s, "%w")
}

var (
	word    = regexp.MustCompile(`[\p{L}]\p{Ll}{2}`)
	program = regexp.MustCompile(`^(?:[a-z0-9]+[_.][a-z0-9_.]+|[A-Z]\w*[a-z][A-Z]\w*|iPadOS)$`)
)
