package catalogue

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/groob/plist"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

func written(t *testing.T, version ...string) map[string][]byte {
	t.Helper()
	dir, files := t.TempDir(), map[string][]byte{}
	if err := Write(dir, strings.Join(version, "")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestLayout(t *testing.T) {
	files := written(t)
	if len(files) != len(items(encode.Version{})) {
		t.Errorf("%d files for %d items: two share a name", len(files), len(items(encode.Version{})))
	}
	name := regexp.MustCompile(`^((return-to-service|managed-apps|shared-guest)/device|shared-ipad/(device|user))/[A-Za-z0-9.-]+\.(plist|mobileconfig)$`)
	for file, body := range files {
		if !name.MatchString(file) {
			t.Errorf("%s: not <fleet-kind>/<device|user>/<name>.plist or .mobileconfig", file)
		}
		var d map[string]any
		if err := plist.NewXMLDecoder(bytes.NewReader(body)).Decode(&d); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if _, isProfile := d["PayloadContent"]; isProfile != strings.HasSuffix(file, ".mobileconfig") {
			t.Errorf("%s: the wrong ending", file)
		}
	}
}

func TestSameBytesAgain(t *testing.T) {
	one, two := written(t), written(t)
	for file, body := range one {
		if !bytes.Equal(body, two[file]) {
			t.Errorf("%s differs between two writes", file)
		}
	}
}

// oneUserOnly and sharedOnly are the commands and profiles that Apple forbids
// to the other fleet kind; userChannel are those that Shared iPad takes on a
// user's channel. Hand-over rule 4: nothing that opens, locks or wipes is there.
var (
	oneUserOnly = []string{"ClearPasscode", "EraseDevice", "kiosk", "passcode", "InstallProfile.kiosk", "InstallProfile.passcode"}
	sharedOnly  = []string{"LogOutUser", "UserList", "DeleteUser", "Settings", "webclip", "InstallProfile.webclip"}
	userChannel = []string{"InstallProfile.webclip", "webclip", "ProfileList", "RemoveProfile"}
)

func TestNothingOnTheWrongShelf(t *testing.T) {
	begins := func(name string, with []string) bool {
		return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(name, w+".") })
	}
	for _, it := range items(encode.Version{}) {
		switch {
		case it.channel == user && (it.fleet != custody.SharedIPad || !begins(it.name, userChannel)):
			t.Errorf("%s/%s/%s must not be on the user channel", it.fleet, it.channel, it.name)
		case it.channel == device && strings.Contains(it.name, "webclip"):
			t.Errorf("%s: a Shared iPad takes web clips on the user channel only", it.name)
		case it.fleet.Shared() && begins(it.name, oneUserOnly):
			t.Errorf("%s is for one-user iPads", it.name)
		case !it.fleet.Shared() && begins(it.name, sharedOnly):
			t.Errorf("%s is for Shared iPads", it.name)
		case it.fleet != custody.ReturnToService && begins(it.name, []string{"EraseDevice"}):
			t.Errorf("%s/%s: nothing of this fleet's is erased", it.fleet, it.name)
		}
	}
}

// TestNothingForgotten: whatever encode can render, the catalogue shows.
func TestNothingForgotten(t *testing.T) {
	shown := map[string]bool{"Command": true} // what the constructors stand on
	for _, f := range parse(t, ".") {
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "encode" {
					shown[sel.Sel.Name] = true
				}
			}
			return true
		})
	}
	constructors := 0
	for _, f := range parse(t, "../plan/encode") {
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results.NumFields() != 2 {
				continue
			}
			constructors++
			if !shown[fn.Name.Name] {
				t.Errorf("encode.%s is not in the catalogue", fn.Name.Name)
			}
		}
	}
	if constructors < 20 {
		t.Errorf("found %d constructors only: is this test still looking in the right place?", constructors)
	}
}

func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func TestWriteSaysWhatFailed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(file, ""); err == nil || !strings.Contains(err.Error(), "catalogue") {
		t.Errorf("writing into a file: %v", err)
	}
}

// TestOSVersion: keys newer than it are left out, and the one answer that only
// newer iPads ask for, and nothing else.
func TestOSVersion(t *testing.T) {
	all, old := written(t), written(t, "17.0")
	if len(all) != len(old)+1 {
		t.Errorf("%d files, and %d for 17.0", len(all), len(old))
	}
	for file, body := range old {
		newer := bytes.Contains(body, []byte("BootstrapToken")) || bytes.Contains(body, []byte("allowWritingTools"))
		if newer || len(body) > len(all[file]) {
			t.Errorf("%s for 17.0 holds newer keys", file)
		}
	}
	for _, key := range []string{"BootstrapToken", "allowWritingTools"} {
		found := false
		for _, body := range written(t, "26.0") {
			found = found || bytes.Contains(body, []byte(key))
		}
		if !found {
			t.Errorf("%s is not there for 26.0", key)
		}
	}
	for _, os := range []string{"16.7", "new"} {
		if err := Write(t.TempDir(), os); err == nil {
			t.Errorf("%q is taken", os)
		}
	}
}

var secretLooking = regexp.MustCompile(`not[- ]a[- ]real`)

// TestExamplesAreObvious: nobody can take an example for the real thing.
func TestExamplesAreObvious(t *testing.T) {
	for _, s := range []string{page, network.Passphrase} {
		if !secretLooking.MatchString(s) {
			t.Errorf("%q could be taken for a secret", s)
		}
	}
}
