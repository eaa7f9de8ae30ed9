// Package app builds the parts of a padwarden server from its configuration,
// starts them in order and stops them in the opposite one. It decides nothing:
// what it joins is described in the packages below it.
package app

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/plistguard"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Config is what a server is made of. Zero fields get what a trial needs: a
// SQLite file in Data, Redis inside the process, a free loopback port.
type Config struct {
	Listen       string // host:port
	BaseURL      string // https://host, as devices and people reach it; empty: http:// and Listen
	Hosts        Hosts
	Data         string // a folder, made if it is missing
	Redis        string // redis://…; empty: inside this process, for trials
	Database     string // postgres://…; empty: SQLite in Data
	Organisation string
	// RedisIsTrial: Redis is one in memory that has no CONFIG to be asked about eviction.
	RedisIsTrial bool

	// PushCertificate is the MDM push certificate with its key. Without one
	// nothing is pushed, and devices come only by themselves.
	PushCertificate *tls.Certificate
	// NanoMDM is a server that devices connect to instead of this one.
	NanoMDM   NanoMDM
	APNsHost  string         // scheme and host; empty: Apple's
	APNsRoots *x509.CertPool // nil: the system's
	WiFi      []byte         // profile that an erased iPad finds its network by
	ADE       ADE
	OIDC      OIDC

	Version string // padwarden's, for the tables of trials

	Zone   *time.Location // of the wards' clocks; nil: the server's own
	Logger *slog.Logger
	// Now is the clock that certificates are held against; nil: the wall's. What
	// is decided of devices goes by Redis' TIME.
	Now func() time.Time

	// Sweep, Beat and Poll are how often due devices are looked for, buckets are
	// beaten and the feed is read; zero: the parts' own defaults.
	Sweep, Beat, Poll time.Duration
	// DoubleTap is how long the same badge again is the same tap; zero: 3 s.
	DoubleTap time.Duration

	Housekeeping Housekeeping
	Passkeys     PasskeyConfig
}

func (c Config) filled() (Config, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Data == "" {
		return c, errors.New("no data folder: give one with --data")
	}
	if c.Organisation == "" {
		c.Organisation = "Hospital"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Redis == "" && c.Database != "" {
		return c, errors.New("a PostgreSQL database needs a Redis of its own too (--redis): the one inside this process is for one server on SQLite")
	}
	if err := checkWiFi(c.WiFi); err != nil {
		return c, err
	}
	if err := c.Housekeeping.check(); err != nil {
		return c, err
	}
	for _, address := range []*string{&c.BaseURL, &c.APNsHost} {
		if *address == "" {
			continue
		}
		u, err := webAddress(*address)
		if err != nil {
			return c, err
		}
		*address = u.Scheme + "://" + u.Host
	}
	hosts, err := c.Hosts.check(c.BaseURL)
	c.Hosts = hosts
	return c, err
}

// checkWiFi refuses what an erased iPad could not find its network by: it would
// not come back.
func checkWiFi(profile []byte) error {
	if len(profile) == 0 {
		return nil
	}
	if err := plistguard.Check(profile, plistguard.Limits{}); err != nil {
		return fmt.Errorf("the Wi-Fi profile is not a configuration profile: %w", err)
	}
	return encode.CanJoin(profile)
}

// masterKey reads the key that seals secrets and signs cookies: 32 random
// bytes, in hex, in a file that only its owner reads. PADWARDEN_KEY_FILE names
// another place, which several servers on one database share. Losing it makes
// every badge, PIN and stored token worthless.
//
// Where there is none, one is made, and keep writes it: it is called once the
// ledger has taken the key, so that a key which opens nothing is never left in
// the place of the right one.
func masterKey(data string) (key [32]byte, keep func() error, err error) {
	path := os.Getenv("PADWARDEN_KEY_FILE")
	if path == "" {
		path = filepath.Join(data, "key")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := rand.Read(key[:]); err != nil {
			return key, nil, fmt.Errorf("making the key: %w", err)
		}
		return key, func() error { return writeKey(path, key) }, nil
	}
	if err != nil {
		return key, nil, fmt.Errorf("reading the key: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(key) {
		return key, nil, fmt.Errorf("the key in %s is not 64 hexadecimal digits", path)
	}
	return [32]byte(b), func() error { return nil }, nil
}

func writeKey(path string, key [32]byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the key: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// openLedger opens the configured ledger with the master key, which it returns.
func openLedger(ctx context.Context, c Config) (*ledger.Ledger, [32]byte, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, [32]byte{}, fmt.Errorf("making the data folder: %w", err)
	}
	master, keep, err := masterKey(c.Data)
	if err != nil {
		return nil, master, err
	}
	o := ledger.Options{DSN: c.Database, Key: [32]byte(derive(master, "ledger")), Logger: c.Logger}
	if o.DSN == "" {
		o.Path = filepath.Join(c.Data, "padwarden.db")
	}
	l, err := ledger.Open(ctx, o)
	switch {
	case errors.Is(err, ledger.ErrKey):
		return nil, master, fmt.Errorf("opening the ledger: %w (is this the key file that it was made with? see PADWARDEN_KEY_FILE)", err)
	case err != nil:
		return nil, master, fmt.Errorf("opening the ledger: %w", err)
	}
	if err := keep(); err != nil {
		return nil, master, errors.Join(err, l.Close())
	}
	return l, master, nil
}

// derive makes one part's key of the master key (RFC 5869).
func derive(master [32]byte, part string) []byte {
	key, err := hkdf.Key(sha256.New, master[:], nil, "padwarden "+part, 32)
	if err != nil { // 32 bytes of SHA-256 output cannot fail
		panic(err)
	}
	return key
}
