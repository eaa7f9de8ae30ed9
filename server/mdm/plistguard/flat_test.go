package plistguard

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	groob "github.com/groob/plist"
	"github.com/micromdm/nanomdm/mdm"
)

const apples = declaration + "\n" + doctype + "\n" + `<plist version="1.0">`

var flat = map[string]string{
	"idle":         apples + "\n<dict>\n\t<key>Status</key>\n\t<string>Idle</string>\n\t<key>UDID</key>\n\t<string>00008027-001</string>\n</dict>\n</plist>\n",
	"acknowledged": apples + `<dict><key>CommandUUID</key><string>c</string><key>Status</key><string>Acknowledged</string><key>UDID</key><string>U</string></dict></plist>`,
	"user channel": apples + `<dict><key>UserShortName</key><string>a b</string><key>Status</key><string>Idle</string></dict></plist>`,
	"no entries":   apples + `<dict></dict></plist>`,
}

var notFlat = map[string]string{
	"a number":           `<dict><key>a</key><integer>1</integer></dict></plist>`,
	"a list":             `<dict><key>a</key><array><string>b</string></array></dict></plist>`,
	"an entity":          `<dict><key>a</key><string>&amp;</string></dict></plist>`,
	"beyond ASCII":       `<dict><key>a</key><string>ä</string></dict></plist>`,
	"a control":          "<dict><key>a</key><string>b\x00</string></dict></plist>",
	"the same key twice": `<dict><key>a</key><string>b</string><key>a</key><string>c</string></dict></plist>`,
	"an empty string":    `<dict><key>a</key><string></string></dict></plist>`,
	"blanks around it":   `<dict><key>a</key><string> b</string></dict></plist>`,
	"a comment":          `<dict><!-- --><key>a</key><string>b</string></dict></plist>`,
	"CDATA":              `<dict><key>a</key><string><![CDATA[b]]></string></dict></plist>`,
	"something behind":   `<dict></dict></plist>x`,
	"an attribute":       `<dict><key x="y">a</key><string>b</string></dict></plist>`,
	"cut off":            `<dict><key>a</key><string>b</string>`,
	"no value":           `<dict><key>a</key></dict></plist>`,
	"too many":           `<dict>` + strings.Repeat("<key>a</key><string>b</string>", maxPairs+1) + `</dict></plist>`,
}

func TestFlat(t *testing.T) {
	for name, doc := range flat {
		if _, ok := Flat([]byte(doc)); !ok {
			t.Errorf("%s is not read", name)
		}
		agree(t, []byte(doc))
	}
	for name, doc := range notFlat {
		if pairs, ok := Flat([]byte(apples + doc)); ok {
			t.Errorf("%s is read as %v", name, pairs)
		}
	}
	for name, doc := range map[string]string{"blanks before the declaration": " " + flat["idle"], "another document type": strings.Replace(flat["idle"], "Apple//DTD", "Apple//X", 1), "no plist": "<dict></dict>"} {
		if _, ok := Flat([]byte(doc)); ok {
			t.Errorf("%s is read", name)
		}
	}
}

// The largest document that Flat reads is within what it is said to cost.
func TestFlatIsWithinLimits(t *testing.T) {
	var doc strings.Builder
	doc.WriteString(declaration + "\n" + doctype + "\n" + `<plist version="1.0">` + "\n<dict>\n")
	for i := range maxPairs {
		doc.WriteString("<key>k" + string(rune('a'+i)) + "</key>\n<string>v</string>\n")
	}
	doc.WriteString("</dict>\n</plist>\n")
	if _, ok := Flat([]byte(doc.String())); !ok {
		t.Fatal("not read")
	}
	if err := walk([]byte(doc.String()), Limits{Bytes: DefaultBytes, Depth: flatDepth, Tokens: flatTokens}); err != nil {
		t.Error(err)
	}
}

// agree: what Flat reads, the guard lets through, and both decoders read alike.
func agree(t *testing.T, doc []byte) {
	t.Helper()
	pairs, ok := Flat(doc)
	if !ok {
		return
	}
	if err := walk(doc, Limits{}.filled()); err != nil || looksBinary(doc) {
		t.Fatalf("the guard refuses it: %v", err)
	}
	read := map[string]any{}
	for _, p := range pairs {
		read[p.Key] = p.Value
	}
	var decoded map[string]any
	if err := groob.NewXMLDecoder(bytes.NewReader(doc)).Decode(&decoded); err != nil || !maps.Equal(decoded, read) {
		t.Fatalf("read as %v, decoded as %v, %v", read, decoded, err)
	}
	results, err := mdm.DecodeCommandResults(doc)
	status, _ := read["Status"].(string)
	if (err == nil) != (status != "") || err == nil && (results.Status != status || results.UDID != text(read["UDID"]) || results.CommandUUID != text(read["CommandUUID"]) ||
		results.UserID != text(read["UserID"]) || results.UserShortName != text(read["UserShortName"]) || results.UserLongName != text(read["UserLongName"]) ||
		results.EnrollmentID != text(read["EnrollmentID"]) || results.EnrollmentUserID != text(read["EnrollmentUserID"])) {
		if read["ErrorChain"] != nil { // a string where a list is described: only the decoder minds
			return
		}
		t.Fatalf("read as %v, decoded as %+v, %v", read, results, err)
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func FuzzFlat(f *testing.F) {
	for _, doc := range flat {
		f.Add([]byte(doc))
	}
	for _, doc := range notFlat {
		f.Add([]byte(apples + doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { agree(t, doc) })
}

func BenchmarkFlat(b *testing.B) {
	doc := []byte(flat["idle"])
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Flat(doc); !ok {
			b.Fatal("not read")
		}
	}
}
