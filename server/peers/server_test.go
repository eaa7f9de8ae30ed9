package peers

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"
)

// connections is how many devices are served at once.
const connections = 16

// server is one of those that are compared.
type server struct {
	name      string
	web       fasthttp.HostClient
	url       string
	processes []*process // the server first, then its stores
	enqueue   func(p *ipad) error
}

func (s *server) cpu() (sum time.Duration) {
	for _, p := range s.processes {
		sum += p.cpu()
	}
	return sum
}

// send delivers a signed message and returns what it is answered with.
func (s *server) send(m message) ([]byte, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.Header.SetMethod("PUT")
	req.SetRequestURI(s.url + "/mdm")
	req.Header.SetContentType("application/x-apple-aspen-mdm")
	if m.checkin {
		req.Header.SetContentType("application/x-apple-aspen-mdm-checkin")
	}
	req.Header.SetBytesV("Mdm-Signature", m.signature)
	req.SetBodyRaw(m.body)
	return s.do(req, res, 200)
}

func (s *server) do(req *fasthttp.Request, res *fasthttp.Response, want int) ([]byte, error) {
	if err := s.web.DoTimeout(req, res, 30*time.Second); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if res.StatusCode() != want {
		return nil, fmt.Errorf("%s answers %d: %.200s", s.name, res.StatusCode(), res.Body())
	}
	return append([]byte(nil), res.Body()...), nil
}

// at says where the server listens.
func (s *server) at(port string) {
	s.url = "http://127.0.0.1:" + port
	s.web = fasthttp.HostClient{Addr: "127.0.0.1:" + port, MaxConns: 4 * connections}
}

func (s *server) answers(path string) func() error {
	return func() error {
		req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(req)
		defer fasthttp.ReleaseResponse(res)
		req.SetRequestURI(s.url + path)
		_, err := s.do(req, res, 200)
		return err
	}
}

// stockVersion is the peer that is built.
const stockVersion = "v0.9.0"

// stockNanoMDM builds the stock server.
func stockNanoMDM(b *testing.B) (string, error) {
	b.Helper()
	bin := b.TempDir()
	cmd := exec.Command("go", "install", "github.com/micromdm/nanomdm/cmd/nanomdm@"+stockVersion)
	cmd.Env = append(os.Environ(), "GOBIN="+bin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building it: %w: %.300s", err, out)
	}
	return filepath.Join(bin, "nanomdm"), nil
}

// stock starts a stock NanoMDM over a storage.
func stock(b *testing.B, name, binary, ca string, stores []*process, storage ...string) *server {
	b.Helper()
	const key = "enqueue"
	s := &server{name: name}
	port := freePort(b)
	s.at(port)
	p := start(b, syscall.SIGTERM, nil, binary, append([]string{"-listen", "127.0.0.1:" + port, "-ca", ca, "-api", key}, storage...)...)
	s.processes = append([]*process{p}, stores...)
	s.enqueue = func(p *ipad) error {
		req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(req)
		defer fasthttp.ReleaseResponse(res)
		req.Header.SetMethod("PUT")
		req.SetRequestURI(s.url + "/v1/enqueue/" + p.udid + "?nopush=1")
		req.URI().SetUsername("nanomdm")
		req.URI().SetPassword(key)
		req.SetBodyString(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>` + pair("CommandUUID", uuid.NewString()) + `<key>Command</key><dict>` + pair("RequestType", "DeviceInformation") +
			`<key>Queries</key><array><string>DeviceName</string><string>OSVersion</string><string>BatteryLevel</string></array></dict></dict></plist>`)
		_, err := s.do(req, res, 200)
		return err
	}
	p.until(b, s.answers("/version"))
	return s
}

// postgres starts a PostgreSQL as its packages configure it, with the stock
// server's tables, and returns its address.
func postgres(b *testing.B) (*process, string, error) {
	b.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return nil, "", errors.New("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
	}
	bin, data, port := filepath.Dir(found[len(found)-1]), b.TempDir(), freePort(b)
	as, err := other(data)
	if err != nil {
		return nil, "", err
	}
	init := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "padwarden", "-E", "UTF8", "--locale=C", "--auth=trust")
	init.Dir = "/"
	as(init)
	if out, err := init.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("initdb: %w: %.300s", err, out)
	}
	p := start(b, syscall.SIGINT, as, filepath.Join(bin, "postgres"), "-D", data, "-c", "listen_addresses=127.0.0.1", "-p", port, "-k", data, "-c", "max_connections=200")
	psql := func(args ...string) error {
		cmd := exec.Command(filepath.Join(bin, "psql"), append([]string{"-q", "-h", "127.0.0.1", "-p", port, "-U", "padwarden", "-d", "postgres", "-v", "ON_ERROR_STOP=1"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("psql: %w: %.300s", err, out)
		}
		return nil
	}
	p.until(b, func() error { return psql("-c", "SELECT 1") })
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/micromdm/nanomdm").Output()
	if err != nil {
		return nil, "", fmt.Errorf("finding the stock server's tables: %w", err)
	}
	if err := psql("-f", filepath.Join(string(dir[:len(dir)-1]), "storage/pgsql/schema.sql")); err != nil {
		return nil, "", err
	}
	u := url.URL{Scheme: "postgres", User: url.User("padwarden"), Host: "127.0.0.1:" + port, Path: "/postgres", RawQuery: "sslmode=disable"}
	return p, u.String(), nil
}

// other is who a PostgreSQL runs as where we are root, which it refuses; the
// folder becomes theirs, with the way to it.
func other(data string) (func(*exec.Cmd), error) {
	if os.Getuid() != 0 {
		return func(*exec.Cmd) {}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(data, uid, gid); err != nil {
		return nil, err
	}
	for dir := filepath.Dir(data); dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			return nil, err
		}
	}
	return func(c *exec.Cmd) {
		c.Dir = "/"
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}, nil
}
