// Package app builds the parts of a padwarden server from its configuration,
// starts them in order and stops them in the opposite one. It decides nothing:
// what it joins is described in the packages below it.
package app

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config is what a server is made of. Zero fields get what a trial needs: a
// SQLite file in Data, Redis inside the process, a free loopback port.
type Config struct {
	Listen       string // host:port
	BaseURL      string // https://host, as devices and people reach it; empty: http:// and Listen
	Data         string // a folder, made if it is missing
	Redis        string // redis://…; empty: inside this process, for trials
	Database     string // postgres://…; empty: SQLite in Data
	Organisation string

	// PushCertificate is the MDM push certificate with its key. Without one
	// nothing is pushed, and devices come only by themselves.
	PushCertificate *tls.Certificate
	APNsHost        string         // scheme and host; empty: Apple's
	APNsRoots       *x509.CertPool // nil: the system's
	WiFi            []byte         // profile that an erased iPad finds its network by

	Logger *slog.Logger

	// Sweep, Beat and Poll are how often due devices are looked for, buckets are
	// beaten and the feed is read; zero: the parts' own defaults.
	Sweep, Beat, Poll time.Duration
	// DoubleTap is how long the same badge again is the same tap; zero: 3 s.
	DoubleTap time.Duration
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
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Redis == "" && c.Database != "" {
		return c, errors.New("a PostgreSQL database needs a Redis of its own too (--redis): the one inside this process is for one server on SQLite")
	}
	if c.BaseURL == "" {
		return c, nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" {
		return c, fmt.Errorf("base URL %q: want https:// and a host", c.BaseURL)
	}
	c.BaseURL = u.Scheme + "://" + u.Host
	return c, nil
}

// masterKey reads the key that seals secrets and signs cookies, or makes it: 32
// random bytes, in hex, in a file that only its owner reads. PADWARDEN_KEY_FILE
// names another place, which several servers on one database share. Losing it
// makes every badge, PIN and stored token worthless.
func masterKey(data string) (key [32]byte, err error) {
	path := os.Getenv("PADWARDEN_KEY_FILE")
	if path == "" {
		path = filepath.Join(data, "key")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := rand.Read(key[:]); err != nil {
			return key, fmt.Errorf("making the key: %w", err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return key, fmt.Errorf("writing the key: %w", err)
		}
		_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
		return key, errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return key, fmt.Errorf("reading the key: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(key) {
		return key, fmt.Errorf("the key in %s is not 64 hexadecimal digits", path)
	}
	return [32]byte(b), nil
}
