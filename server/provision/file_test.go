package provision

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFilesThatCannotBeRead(t *testing.T) {
	var many strings.Builder
	many.WriteString("id,name\n")
	for n := range maxRows + 1 {
		fmt.Fprintf(&many, "%d,x\n", n)
	}
	for text, want := range map[string]string{
		"":                                 "it is empty",
		"\xef\xbb\xbf \n":                  "it is empty",
		"id,name\nb\xe4r,x\n":              "it is not UTF-8",
		"who,what\n1,2\n":                  "its first row must name its columns",
		"serial,id\n1,2\n":                 "its first row must name its columns",
		"name,account\nx,y\n":              "its first row must name its columns",
		"id,name,shoe_size\n1,2,3\n":       `its column "shoe_size" is not known`,
		"id,name,ID\n1,2,3\n":              `its column "id" is there twice`,
		"id,name\n1,\"open\n2,x\n":         "line 2 has a quote in the wrong place",
		"id,name\n1,x\"y\n":                "line 2 has a quote in the wrong place",
		"serial,name,pin\n1,2,3\n":         `its column "pin" is not known`,
		"id\tname\n1\t2\n":                 "its first row must name its columns",
		"id,name\r1,x\r":                   "its column",
		"{":                                "line 1 or just after: unexpected EOF",
		"{}":                               "it names no wards",
		`{"clinicians":[{"id":"a"}]} {}`:   "there is more after",
		"{\n\"clinicians\":[{\"pim\":1}]}": "line 2 or just after",
		many.String():                      "it has more than 50000 rows",
		strings.Repeat("x", MaxBytes+1):    "it is larger than 10 MB",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func TestRowsAreCountedAsASpreadsheetDoes(t *testing.T) {
	f, err := Parse([]byte("id;name\n\na;\"x\ny\"\n;;\n\n \nb;x, y\n;\nc;\"semi;colon\""))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range f.wishes {
		got = append(got, fmt.Sprintf("%d %s=%q", w.n, w.person.id, w.person.name))
	}
	if want := `3 a="x\ny" | 7 b="x, y" | 9 c="semi;colon"`; strings.Join(got, " | ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, " | "), want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(people))
	f.Add([]byte("serial;name;ward;reader\r\nD1;\"a\nb\";4b;r\r\n"))
	f.Add([]byte("\xef\xbb\xbfID , Name\n\n\"=1+2\",x\n"))
	f.Add([]byte(`{"wards":[{"id":"a","devices":[{"serial":"x"}]}],"clinicians":[{"id":"b","badges":["1"]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text)
		if err != nil {
			if file.Rows() > 0 || !utf8.ValidString(err.Error()) {
				t.Errorf("%d rows with the error %q", file.Rows(), err)
			}
			return
		}
		last := 0
		for _, w := range file.wishes {
			if w.n <= last || (w.ward == nil) == (w.ipad == nil && w.person == nil) {
				t.Fatalf("row %d after %d: %+v", w.n, last, w)
			}
			last = w.n
		}
		if last > 2+strings.Count(string(text), "\n")+strings.Count(string(text), "{") {
			t.Errorf("row %d of %q", last, text)
		}
	})
}
