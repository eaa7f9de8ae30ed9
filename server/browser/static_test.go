package browser

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gofiber/fiber/v2"
)

// Files are sent compressed to who takes that, never again while they are
// unchanged, and under the versioned address kept for good.
func TestStaticFiles(t *testing.T) {
	script := strings.Repeat("export const a = 1;\n", 100)
	files := fstest.MapFS{"static/kiosk/main.js": {Data: []byte(script)}, "static/tiny.css": {Data: []byte("a{}")}, "static/odd": {Data: []byte("x")}}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	Static(app, files)
	get := func(path string, header ...string) (status int, body string, head func(string) string) {
		t.Helper()
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text), answer.Header.Get
	}
	status, body, head := get("/static/kiosk/main.js")
	tag := head("ETag")
	if status != 200 || body != script || head("Content-Encoding") != "" || head("Cache-Control") != "no-cache" || head("Content-Type") != "text/javascript; charset=utf-8" || tag == "" {
		t.Errorf("plain: %d, %d bytes, %s, %s", status, len(body), head("Cache-Control"), head("Content-Type"))
	}
	status, body, head = get("/static/kiosk/main.js", "Accept-Encoding", "br, gzip")
	unzipped, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatalf("not gzip: %d %v", status, err)
	}
	if text, err := io.ReadAll(unzipped); err != nil || string(text) != script || len(body)*3 > len(script) || head("Vary") != "Accept-Encoding" {
		t.Errorf("compressed: %d bytes, %v, Vary %q", len(body), err, head("Vary"))
	}
	if status, body, _ = get("/static/kiosk/main.js", "If-None-Match", `"old", `+tag); status != 304 || body != "" {
		t.Errorf("known: %d", status)
	}
	if status, _, head = get("/static/tiny.css", "Accept-Encoding", "gzip"); status != 200 || head("Content-Encoding") != "" {
		t.Errorf("nothing is won by compressing three bytes: %s", head("Content-Encoding"))
	}
	address := Versioned(files)
	if status, _, head = get(address("kiosk/main.js")); status != 200 || !strings.Contains(head("Cache-Control"), "immutable") {
		t.Errorf("%s: %d %s", address("kiosk/main.js"), status, head("Cache-Control"))
	}
	if status, body, head = get("/static/v-0123456789abcdef/kiosk/main.js"); status != 200 || body != script || head("Cache-Control") != "no-cache" {
		t.Errorf("of another version: %d %s", status, head("Cache-Control"))
	}
	if before := address("odd"); before == Versioned(fstest.MapFS{"static/odd": {Data: []byte("y")}})("odd") {
		t.Errorf("another file, and the same address: %s", before)
	}
	for _, none := range []string{"/static/", "/static/kiosk", "/static/../static.go", "/static/%2e%2e/web.go", "/static/none.js", address("")} {
		if status, _, head = get(none); status != 404 || strings.Contains(head("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %s", none, status, head("Cache-Control"))
		}
	}
	if status, _, head = get("/static/odd"); status != 200 || head("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(head("Content-Type"), "text/plain") {
		t.Errorf("%d %s", status, head("Content-Type"))
	}
}
