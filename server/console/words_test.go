package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

// Every state and cause that custody knows has a word for people: one that is
// added there and forgotten here would be shown as nothing.
func TestEveryStateAndCauseHasAWord(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../custody/custody.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind, _ := spec.Type.(*ast.Ident)
		value, _ := spec.Values[0].(*ast.BasicLit)
		if kind == nil || value == nil {
			return true
		}
		text, _ := strconv.Unquote(value.Value)
		seen[kind.Name]++
		if kind.Name == "State" && stateWords[custody.State(text)] == "" || kind.Name == "Cause" && causeWords[custody.Cause(text)] == "" {
			t.Errorf("%s %q has no word", kind.Name, text)
		}
		return true
	})
	if seen["State"] != len(stateWords) || seen["Cause"] != len(causeWords) {
		t.Errorf("custody has %v, and there are words for %d states and %d causes", seen, len(stateWords), len(causeWords))
	}
}
