package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRowsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows {
		if r.Name == "" || r.Package == "" || r.Bench == "" || r.Ours == "" || (r.Goal == 0) == (len(r.Against) == 0) || seen[r.Name] {
			t.Errorf("%+v", r)
		}
		for _, a := range r.Against {
			if a.Unit == "" || a.Who == "" || a.Goal == 0 {
				t.Errorf("%s: %+v", r.Name, a)
			}
		}
		seen[r.Name] = true
	}
}

// TestEveryRowHasItsBenchmark: one that was renamed or moved would be noticed only
// by who runs them all. The files are read, not built.
func TestEveryRowHasItsBenchmark(t *testing.T) {
	found := map[string]map[string]bool{} // by package, what its tests are
	for _, r := range rows {
		if found[r.Package] == nil {
			found[r.Package] = benchmarks(t, filepath.Join("..", "..", filepath.FromSlash(r.Package)))
		}
		name, _, _ := strings.Cut(r.Bench, "/")
		if !found[r.Package]["Benchmark"+name] {
			t.Errorf("row %s: there is no Benchmark%s in %s", r.Name, name, r.Package)
		}
	}
}

// TestEveryRowIsExplained: the table of docs/performance.md links each row to its
// section.
func TestEveryRowIsExplained(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", pageText))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if !strings.Contains(string(text), "\n### "+r.Name+"\n") {
			t.Errorf("docs/%s has no section %q", pageText, "### "+r.Name)
		}
	}
	if _, _, err := readText(filepath.Join("..", "..", "docs")); err != nil {
		t.Error(err)
	}
}

// benchmarks are those of a folder's test files.
func benchmarks(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Benchmark") {
				all[f.Name.Name] = true
			}
		}
	}
	return all
}
