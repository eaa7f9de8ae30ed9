package ledger

import (
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
)

// Ward is a place with devices and a policy.
type Ward struct {
	ID     string
	Name   string
	Policy custody.Policy
	Badges badge.Format // how its readers write card numbers
	// Version grows with every change; who changes the ward names the one they read.
	Version int64
	Removed time.Time // zero: not
}

// Device is the inventory's record of one iPad; its custody is a row of its own.
type Device struct {
	ID        custody.DeviceID // serial number, allow-listed by being here
	UDID      string           // empty until the first Authenticate
	Ward      string
	Name      string // what people call it, "4B-07"
	Model     string
	OSVersion string
	Build     string // of iPadOS, as its last Authenticate named it
	Topic     string // APNs topic of its last Authenticate
}

// Clinician is a person who badges in. PIN is an encoded argon2id hash over an
// HMAC, made by identity; empty if none is set.
type Clinician struct {
	ID      string
	Name    string // as shown on the iPad
	Account string // Managed Apple Account, for Shared iPad; may be empty
	PIN     string
	Active  bool
}

// Badge is a card of a clinician's. Only its HMAC is stored.
type Badge struct {
	Hash      []byte // HMAC of the normalised number, made by identity
	Clinician string
	Expires   time.Time // zero: never
	Revoked   time.Time // zero: not
	Label     string    // what people call it, "spare card"; may be empty
	Added     time.Time // zero: before this was kept
}

// Over reports whether the card opens nothing at now, because it was revoked
// or has ended.
func (b Badge) Over(now time.Time) bool {
	return !b.Revoked.IsZero() || (!b.Expires.IsZero() && !now.Before(b.Expires))
}

// Reader is a networked badge reader on a dock or a wall.
type Reader struct {
	ID         string
	Ward       string
	Device     custody.DeviceID // the docked iPad; empty for a wall reader
	Credential []byte           // SHA-256 of its bearer credential
	Heard      time.Time        // when it last came with its credential, to the minute; zero: never
}

// Certificate is an identity certificate we issued. It belongs to a serial
// from the moment it is issued (hand-over rule 6).
type Certificate struct {
	Hash    string // hex SHA-256 of its DER
	Device  custody.DeviceID
	UDID    string // empty until its Authenticate
	Epoch   int64  // with Run: the wipe whose enrolment profile it answers; 0 for a first enrolment
	Run     int64
	Issued  time.Time
	Expires time.Time
	Revoked time.Time // zero: not

	// Enrolment is the hash of the certificate that made the enrolment a renewal
	// stands for; empty if this is none.
	Enrolment string
	Used      time.Time // a renewal: when the device first came under it
	// Superseded is when a later renewal was first used: this certificate is over,
	// the enrolment that it may have made is not.
	Superseded time.Time

	// Key and DER are given where a certificate is issued, so that [Ledger.Issued]
	// can answer a device again; reading a certificate leaves them empty.
	Key []byte // SHA-256 of its SubjectPublicKeyInfo
	DER []byte
}

// Issuance is what a spent challenge was spent for.
type Issuance struct {
	Hash string // of the certificate
	Key  []byte // SHA-256 of its SubjectPublicKeyInfo
	DER  []byte
}

// AuthenticateRecord is an Authenticate check-in, as [Ledger.Authenticate] takes it.
type AuthenticateRecord struct {
	Device    custody.DeviceID // SerialNumber
	UDID      string
	Hash      string // of the identity certificate it came under
	Model     string
	OSVersion string
	Build     string // of iPadOS
	Topic     string
}

// Push is what a device told us to push it with (TokenUpdate). User is empty
// on the device channel.
type Push struct {
	Device custody.DeviceID
	User   string
	Token  []byte
	Magic  string
	Topic  string
}

// Errand is a command that is not part of an open, lock or wipe plan: a
// profile for a user's channel, an inventory query. It waits behind the plan
// and expires by itself.
type Errand struct {
	UUID    string
	Device  custody.DeviceID
	User    string // empty: device channel
	Request string
	Body    []byte
	Rank    int // lower goes first
	Expires time.Time
}

// Recorded is a history entry with its place in its device's history: the
// first is 1, and there are no gaps.
type Recorded struct {
	Seq int64
	custody.Entry
}
