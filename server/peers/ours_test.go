package peers

import (
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// stay is what a benchmark needs of its servers.
type stay struct {
	enrolled int // devices that all servers know
	fresh    int // devices that may enrol
}

// stage is padwarden and its peers, with devices that are enrolled at all of
// them and devices that may enrol.
type stage struct {
	ours            *server
	peers           []*server
	enrolled, fresh []*ipad
}

// open starts all servers. A peer that cannot be had is said and left out.
func open(b *testing.B, s stay) *stage {
	b.Helper()
	st := &stage{}
	data, redis := b.TempDir(), "127.0.0.1:"+freePort(b)
	store := startRedis(b, redis)
	c := app.Config{Data: data, Redis: "redis://" + redis + "/0", Organisation: "St Elsewhere"}
	authority := st.populate(b, c, s)
	token, err := app.MintToken(b.Context(), c, identity.Staff{Name: "bench", Role: identity.Administrator}, time.Hour)
	must(b, err)
	st.ours = serve(b, c, token, store)
	st.standPeers(b, authority)
	st.ours.rest(b)
	return st
}

func startRedis(b *testing.B, address string) *process {
	b.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		b.Skip("redis-server is not installed (on Debian: apt-get install redis-server)")
	}
	p := start(b, syscall.SIGTERM, nil, "redis-server", "--port", address[len("127.0.0.1:"):], "--bind", "127.0.0.1", "--dir", b.TempDir(),
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")
	p.until(b, func() error { return exec.Command("redis-cli", "-p", address[len("127.0.0.1:"):], "ping").Run() })
	return p
}

// populate writes to the data folder what a server finds after a while: a ward,
// its devices and their certificates, and those that are enrolled, clean.
func (st *stage) populate(b *testing.B, c app.Config, s stay) *authority {
	b.Helper()
	a, err := app.Open(b.Context(), c)
	must(b, err)
	defer func() {
		must(b, a.Close())
		longAgo(b, filepath.Join(c.Data, "padwarden.db"))
	}()
	both, err := a.Ledger.ServerSecret(b.Context(), "mdm-ca", func() ([]byte, error) { return nil, errors.New("the server has no authority") })
	must(b, err)
	by := newAuthority(b, both)
	must(b, a.Ledger.AddWard(b.Context(), ledger.Ward{ID: "4B", Name: "4B", Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}))
	for n := range s.enrolled + s.fresh {
		p := by.ipad(b, n)
		if n < s.enrolled {
			st.enrolled = append(st.enrolled, p)
		} else {
			st.fresh = append(st.fresh, p)
		}
	}
	must(b, beside.AtOnce(64, len(st.enrolled)+len(st.fresh), func(_, i int) error {
		if i < len(st.enrolled) {
			return errors.Join(allow(b, a, st.enrolled[i]), enrolledClean(b, a, st.enrolled[i]))
		}
		return allow(b, a, st.fresh[i-len(st.enrolled)])
	}))
	return by
}

// allow lists a device with its certificate, as SCEP leaves it.
func allow(b *testing.B, a *app.App, p *ipad) error {
	id := custody.DeviceID(p.serial)
	return errors.Join(
		a.Ledger.AddDevice(b.Context(), ledger.Device{ID: id, Ward: "4B", Name: p.serial}),
		a.Ledger.IssueCertificate(b.Context(), ledger.Certificate{Hash: p.hash(), Device: id, Issued: time.Now(), Expires: p.cert.NotAfter}, p.serial))
}

// enrolledClean is a device that has enrolled and was proven clean.
func enrolledClean(b *testing.B, a *app.App, p *ipad) error {
	id := custody.DeviceID(p.serial)
	err := errors.Join(
		a.Ledger.Authenticate(b.Context(), ledger.AuthenticateRecord{Device: id, UDID: p.udid, Hash: p.hash(), Topic: topic, Model: "iPad13,18", OSVersion: "18.1", Build: "22B83"}),
		a.Ledger.TokenUpdate(b.Context(), ledger.Push{Device: id, Token: p.cert.Raw[:32], Magic: "magic", Topic: topic}, nil))
	if err != nil {
		return err
	}
	row, err := a.Ledger.Custody(b.Context(), id)
	if err != nil {
		return err
	}
	next := row
	next.State, next.Enrolment, next.Version = custody.Clean, p.hash(), row.Version+1
	return a.Ledger.Commit(b.Context(), custody.Change{Prev: row, Next: next})
}

// serve starts padwarden as a hospital does. Nothing is asked of the devices but
// what the benchmark asks.
func serve(b *testing.B, c app.Config, token string, redis *process) *server {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "padwarden")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/padwarden/padwarden/server").CombinedOutput()
	if err != nil {
		b.Fatalf("building padwarden: %v: %s", err, out)
	}
	s := &server{name: "padwarden"}
	port := freePort(b)
	s.at(port)
	p := start(b, syscall.SIGTERM, nil, binary, "serve", "--listen", "127.0.0.1:"+port, "--data", c.Data, "--redis", c.Redis,
		"--inventory-every", "0", "--lists-every", "0")
	s.processes = []*process{p, redis}
	s.enqueue = s.ping(token)
	p.until(b, s.answers("/readyz"))
	return s
}

func (st *stage) standPeers(b *testing.B, by *authority) {
	b.Helper()
	binary, err := stockNanoMDM(b)
	if err != nil {
		b.Logf("without NanoMDM: %v", err)
		return
	}
	ca := filepath.Join(b.TempDir(), "ca.pem")
	must(b, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: by.cert.Raw}), 0o600))
	st.peers = append(st.peers, stock(b, "inmem", binary, ca, nil, "-storage", "inmem", "-storage-dsn", ""))
	database, dsn, err := postgres(b)
	if err != nil {
		b.Logf("without PostgreSQL: %v", err)
	} else {
		st.peers = append(st.peers, stock(b, "postgres", binary, ca, []*process{database}, "-storage", "pgsql", "-storage-dsn", dsn))
	}
	for _, peer := range st.peers {
		must(b, beside.AtOnce(connections, len(st.enrolled), func(_, i int) error { return peer.enrol(st.enrolled[i]) }))
	}
}

// enrol sends a device's first messages.
func (s *server) enrol(p *ipad) error {
	if _, err := s.send(p.authenticate); err != nil {
		return err
	}
	_, err := s.send(p.tokenUpdate)
	return err
}

// ping asks a device whether it is there: the one command that a person asks for.
func (s *server) ping(token string) func(*ipad) error {
	return func(p *ipad) error {
		req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(req)
		defer fasthttp.ReleaseResponse(res)
		req.Header.SetMethod("POST")
		req.SetRequestURI(s.url + "/api/v1/devices/" + p.serial + "/ping")
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.SetContentType("application/json")
		req.SetBodyString("{}")
		_, err := s.do(req, res, 202)
		return err
	}
}
