package browser

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
)

// asset is one file under /static, as it is sent.
type asset struct {
	kind  string // content type
	tag   string // ETag: the same for both ways it is written, so it is a weak one
	plain []byte
	small func() []byte // gzip, made when it is first asked for; nil where that is not smaller
}

// kinds are said here: what the host knows of file names differs from host to host.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".json": "application/json",
}

// Static serves the files of assets' folder static under /static, each compressed
// once, when it is first asked for. They may be kept, and are asked for again each time: 304 while
// they are unchanged. Under the address that [Versioned] gives they are not
// asked for again.
func Static(r fiber.Router, assets fs.FS) {
	all, version := load(assets)
	r.Use("/static", func(c *fiber.Ctx) error {
		if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
			return fiber.ErrMethodNotAllowed
		}
		name, keep := strings.TrimPrefix(c.Path(), "/static/"), "no-cache"
		if rest, ok := strings.CutPrefix(name, version+"/"); ok {
			name, keep = rest, "public, max-age=31536000, immutable"
		} else if first, rest, ok := strings.Cut(name, "/"); ok && isVersion(first) {
			name = rest // a page from before an update, or from a server that has it already
		}
		a, ok := all[name]
		c.Set("X-Content-Type-Options", "nosniff")
		c.Set("Cross-Origin-Resource-Policy", "same-origin")
		c.Set(fiber.HeaderCacheControl, "no-cache")
		if !ok {
			return fiber.ErrNotFound
		}
		c.Set(fiber.HeaderCacheControl, keep)
		return a.send(c)
	})
}

// send answers c with the file, compressed where that is taken.
func (a asset) send(c *fiber.Ctx) error {
	c.Set(fiber.HeaderETag, a.tag)
	c.Vary(fiber.HeaderAcceptEncoding)
	for _, known := range strings.Split(c.Get(fiber.HeaderIfNoneMatch), ",") {
		if strings.TrimSpace(known) == a.tag {
			return c.SendStatus(fiber.StatusNotModified)
		}
	}
	c.Set(fiber.HeaderContentType, a.kind)
	if c.Get(fiber.HeaderAcceptEncoding) != "" && c.AcceptsEncodings("gzip") == "gzip" {
		if small := a.small(); small != nil {
			c.Set(fiber.HeaderContentEncoding, "gzip")
			return c.Send(small)
		}
	}
	return c.Send(a.plain)
}

// Versioned returns the address of a file in assets' folder static, by which a
// browser keeps it for good: with every change of any file all addresses
// change. What a script imports by a relative path is under the same address.
func Versioned(assets fs.FS) func(name string) string {
	_, version := load(assets)
	return func(name string) string { return "/static/" + version + "/" + name }
}

const versionMark = "v-" // no folder of ours begins so

func isVersion(folder string) bool { return strings.HasPrefix(folder, versionMark) }

// load reads all files. They are built in, so what cannot be read is a mistake of ours.
func load(assets fs.FS) (all map[string]asset, version string) {
	all = map[string]asset{}
	sums := sha256.New()
	err := fs.WalkDir(assets, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		plain, err := fs.ReadFile(assets, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(plain)
		sums.Write([]byte(name + "\x00"))
		sums.Write(sum[:])
		a := asset{kind: kinds[path.Ext(name)], tag: `W/"` + hex.EncodeToString(sum[:16]) + `"`, plain: plain,
			small: sync.OnceValue(func() []byte { return shorter(plain) })}
		if a.kind == "" {
			a.kind = "text/plain; charset=utf-8"
		}
		all[strings.TrimPrefix(name, "static/")] = a
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("browser: reading the files of the pages: %v", err))
	}
	return all, versionMark + hex.EncodeToString(sums.Sum(nil)[:8])
}

// shorter compresses plain; nil where nothing is won.
func shorter(plain []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(plain) // to memory
	_ = w.Close()
	if b.Len() >= len(plain) {
		return nil
	}
	return b.Bytes()
}
