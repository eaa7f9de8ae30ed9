package plistguard_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/groob/plist"

	"github.com/padwarden/padwarden/server/mdm/plistguard"
)

const head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`

// bombs are the six that kill a bare decoder, or would be of no use to it.
var bombs = map[string][]byte{
	"self-referencing binary": selfReferencing(),
	"giant-allocation binary": giantAllocation(),
	"billion laughs": []byte(`<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">` +
		`<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><plist version="1.0"><dict><key>Status</key><string>&c;</string></dict></plist>`),
	"million nested arrays": append([]byte(head+"<plist>"), bytes.Repeat([]byte("<array>"), 1_000_000)...),
	"huge string":           []byte(head + "<plist><string>" + strings.Repeat("x", 8<<20) + "</string></plist>"),
	"truncated":             []byte(head + "<plist><dict><key>Status</key><string>Idl"),
}

// selfReferencing is an array whose only element is itself.
func selfReferencing() []byte {
	b := []byte("bplist00\xa1\x00")
	b = append(b, 8)            // offset table: object 0 is at 8
	trailer := make([]byte, 32) // 6 unused, sizes, counts
	trailer[6], trailer[7], trailer[15], trailer[31] = 1, 1, 1, 10
	return append(b, trailer...)
}

// giantAllocation is a string that says it is 2 GiB long.
func giantAllocation() []byte {
	b := []byte("bplist00\x5f\x13\x00\x00\x00\x00\x7f\xff\xff\xff")
	b = append(b, 8)
	trailer := make([]byte, 32)
	trailer[6], trailer[7], trailer[15], trailer[31] = 1, 1, 1, 18
	return append(b, trailer...)
}

var genuine = map[string]string{
	"idle":         `<plist version="1.0"><dict><key>Status</key><string>Idle</string><key>UDID</key><string>U</string></dict></plist>`,
	"authenticate": `<plist version="1.0"><dict><key>MessageType</key><string>Authenticate</string><key>Topic</key><string>com.apple.mgmt.External.x</string><key>UDID</key><string>U</string><key>SerialNumber</key><string>S</string></dict></plist>`,
	"tokenupdate":  `<plist version="1.0"><dict><key>AwaitingConfiguration</key><true/><key>MessageType</key><string>TokenUpdate</string><key>Token</key><data>AAEC</data><key>PushMagic</key><string>M</string></dict></plist>`,
	"userlist":     `<plist version="1.0"><dict><key>Users</key><array><dict><key>UserName</key><string>a&amp;b</string><key>IsLoggedIn</key><true/><key>DataUsed</key><integer>7</integer></dict></array></dict></plist>`,
	"empty list":   `<plist version="1.0"><dict><key>Users</key><array/></dict></plist>`,
	"comment":      `<plist version="1.0"><!-- by hand --><dict/></plist>`,
	"numbers":      `<plist version="1.0"><array><real>0.5</real><date>2024-01-02T03:04:05Z</date><integer>-1</integer></array></plist>`,
}

func TestGenuineMessagesPassAndDecode(t *testing.T) {
	for name, body := range genuine {
		b := []byte(head + body)
		if err := plistguard.Check(b, plistguard.Limits{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var v any
		if err := plist.NewXMLDecoder(bytes.NewReader(b)).Decode(&v); err != nil {
			t.Errorf("%s passed but does not decode: %v", name, err)
		}
	}
}

func TestBombsAreRefused(t *testing.T) {
	for name, b := range bombs {
		if err := plistguard.Check(b, plistguard.Limits{}); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	deep := "<plist>" + strings.Repeat("<array>", 40) + strings.Repeat("</array>", 40) + "</plist>"
	many := "<plist><array>" + strings.Repeat("<true/>", 20_000) + "</array></plist>"
	for _, c := range []struct {
		name, body string
		want       error
	}{
		{"binary after a byte order mark", "\xef\xbb\xbf bplist00", plistguard.ErrBinary},
		{"binary after white space", "\r\n\tbplist00", plistguard.ErrBinary},
		{"internal subset", `<!DOCTYPE plist [<!ELEMENT plist ANY>]><plist><dict/></plist>`, plistguard.ErrDoctype},
		{"parameter entity", `<!DOCTYPE plist PUBLIC "a" "b" %x;><plist><dict/></plist>`, plistguard.ErrDoctype},
		{"other document type", `<!DOCTYPE html><plist><dict/></plist>`, plistguard.ErrDoctype},
		{"two document types", `<!DOCTYPE plist><!DOCTYPE plist><plist><dict/></plist>`, plistguard.ErrDoctype},
		{"document type inside", `<plist><!DOCTYPE plist><dict/></plist>`, plistguard.ErrDoctype},
		{"too deep", deep, plistguard.ErrTooDeep},
		{"too many", many, plistguard.ErrTooMany},
		{"too large", "<plist><string>" + strings.Repeat("x", 256<<10) + "</string></plist>", plistguard.ErrTooLarge},
		{"empty", "", plistguard.ErrMalformed},
		{"JSON", `{"Status":"Idle"}`, plistguard.ErrMalformed},
		{"HTML", `<html><body/></html>`, plistguard.ErrMalformed},
		{"no plist element", `<dict/>`, plistguard.ErrMalformed},
		{"empty plist", `<plist/>`, plistguard.ErrMalformed},
		{"two values", `<plist><dict/><dict/></plist>`, plistguard.ErrMalformed},
		{"two plists", `<plist><dict/></plist><plist><dict/></plist>`, plistguard.ErrMalformed},
		{"value without key", `<plist><dict><true/></dict></plist>`, plistguard.ErrMalformed},
		{"key without value", `<plist><dict><key>a</key></dict></plist>`, plistguard.ErrMalformed},
		{"key in an array", `<plist><array><key>a</key></array></plist>`, plistguard.ErrMalformed},
		{"element in a string", `<plist><string><b/></string></plist>`, plistguard.ErrMalformed},
		{"plist in a plist", `<plist><array><plist><dict/></plist></array></plist>`, plistguard.ErrMalformed},
		{"unknown entity", `<plist><string>&x;</string></plist>`, plistguard.ErrMalformed},
		{"namespace", `<plist xmlns="u"><dict/></plist>`, plistguard.ErrMalformed},
		{"prefix", `<plist><x:dict/></plist>`, plistguard.ErrMalformed},
		{"text between", `<plist><dict>hello</dict></plist>`, plistguard.ErrMalformed},
		{"text after", `<plist><dict/></plist>junk`, plistguard.ErrMalformed},
		{"second instruction", `<?xml version="1.0"?><?php x?><plist><dict/></plist>`, plistguard.ErrMalformed},
		{"other encoding", `<?xml version="1.0" encoding="UTF-16"?><plist><dict/></plist>`, plistguard.ErrMalformed},
		{"not UTF-8", "<plist><string>\xff\xfe</string></plist>", plistguard.ErrMalformed},
	} {
		if err := plistguard.Check([]byte(c.body), plistguard.Limits{}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestLimitsCanBeRaised(t *testing.T) {
	b := []byte("<plist><string>" + strings.Repeat("x", 300<<10) + "</string></plist>")
	if err := plistguard.Check(b, plistguard.Limits{Bytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkCheckIdle(b *testing.B) {
	body := []byte(head + genuine["idle"])
	for b.Loop() {
		if err := plistguard.Check(body, plistguard.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzGuard: whatever passes is decoded without a panic, no deeper than it was
// allowed to be, and never into more text than it had bytes.
func FuzzGuard(f *testing.F) {
	for _, b := range bombs {
		if len(b) > 4096 {
			b = b[:4096]
		}
		f.Add(b)
	}
	for _, body := range genuine {
		f.Add([]byte(head + body))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if plistguard.Check(b, plistguard.Limits{}) != nil {
			return
		}
		var v any
		if plist.NewXMLDecoder(bytes.NewReader(b)).Decode(&v) != nil {
			return // a value that is not what its element says: an error, not a panic
		}
		depth, size := measure(v)
		if depth > plistguard.DefaultDepth || size > len(b) {
			t.Fatalf("%d bytes decoded to depth %d, size %d", len(b), depth, size)
		}
	})
}

// measure returns how deep a decoded value is and how much text is in it.
func measure(v any) (depth, size int) {
	var inside []any
	switch v := v.(type) {
	case []any:
		inside = v
	case map[string]any:
		for k, e := range v {
			size += len(k)
			inside = append(inside, e)
		}
	case string:
		return 1, len(v)
	case []byte:
		return 1, len(v)
	default:
		return 1, 1
	}
	for _, e := range inside {
		d, s := measure(e)
		depth, size = max(depth, d), size+s
	}
	return depth + 1, size
}
