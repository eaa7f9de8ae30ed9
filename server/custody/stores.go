package custody

import (
	"context"
	"hash/fnv"
	"time"
)

// Change is a custody change as the ledger commits it: the row goes from Prev
// to Next and Entries are appended, all or nothing, and only if the stored row
// still has Prev's epoch and version.
type Change struct {
	Prev    Custody
	Next    Custody
	Entries []Entry
	// Fleet is the ward's at the time of the change, for the record of a wipe that it ends.
	Fleet FleetKind
}

// Look is a device as it was read a moment ago, by who had to know whether it may
// come in. What is decided on it is fenced by its epoch and version as ever.
type Look struct {
	Row Custody
	// Asked: something that it was asked beside its plan may wait for it.
	Asked bool
}

// Buckets is the number of buckets live state is spread over. One bucket is
// one Redis hash tag, so one script touches one bucket.
const Buckets = 64

// Bucket returns the bucket of a device or of any other live key.
func Bucket(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % Buckets)
}

// Mirror is a device's row as live keeps it: always the whole row, never a delta.
type Mirror struct {
	Row  Custody       `json:"row"`
	Warn time.Duration `json:"warn"` // idle until the warning; 0: no idle deadline
	Lock time.Duration `json:"lock"` // idle until locked; 0: no idle deadline
	Wake time.Time     `json:"wake"` // the row's own next wake; zero: none
	// Grant opens the session of an in_use row afresh: only a claim or a resume
	// that has just been committed sets it. An in_use row published without it,
	// where live has no open session of that epoch, is due at once.
	Grant bool `json:"-"`
	// LockCommand is the lock step that may be handed over while SQL cannot be
	// reached: never a destructive one; empty if there is none.
	LockCommand []byte `json:"lock_command,omitempty"`
	LockUUID    string `json:"lock_uuid,omitempty"`
}

// Session is what live knows of the session on a device, read with Redis' TIME.
type Session struct {
	Device  DeviceID
	State   State // of the mirrored row; Locked as soon as the session is restricted
	Epoch   int64
	Version int64
	Holder  string
	Open    bool      // touches count
	Warned  bool      // the warning is showing
	Touched time.Time // last touch; zero if none
	WarnAt  time.Time // zero: no idle deadline
	LockAt  time.Time
	Now     time.Time // Redis' TIME at the reading
}

// Due is a wake that was claimed. It carries what it was claimed with, so that
// a stale one can be dropped (hand-over rule 9).
type Due struct {
	Device   DeviceID
	Epoch    int64
	Version  int64
	Deadline time.Time // the score that had come due
	Idle     bool      // the session's lock deadline passed; otherwise the row's own wake
	Now      time.Time
}

// Restriction closes a device's session in live before SQL is told (hand-over rule 1).
type Restriction struct {
	Device  DeviceID
	Epoch   int64
	Version int64
	// Deadline, if set, must be the session's lock deadline still, and passed:
	// a touch in between moves it and the restriction is refused with ErrStale.
	Deadline time.Time
	// Retry is how long until the device comes due again if SQL is not told.
	Retry time.Duration
}

// Moment is Redis' TIME for a device, and how many owed history entries wait
// to be written before the device's next change (hand-over rule 10).
type Moment struct {
	Now  time.Time
	Owed int
}

// BucketState is a bucket's identity in SQL or in Redis: ID is random and made
// anew with the bucket, Beat rises every second, in Redis first, then in SQL.
type BucketState struct {
	Bucket int
	ID     string
	Beat   int64
}

// Ledger is the durable store of custody. Implementations must pass the
// conformance suite in server/ledger. Every error wraps one of this package's,
// or is a context's.
type Ledger interface {
	// Custody returns a device's row, or ErrNotFound.
	Custody(ctx context.Context, id DeviceID) (Custody, error)
	// CustodyAndPolicy returns a device's row and the policy of its ward, as they
	// are at one moment, or ErrNotFound.
	CustodyAndPolicy(ctx context.Context, id DeviceID) (Custody, Policy, error)
	// Custodies returns the rows of devices; those that there is no row of are left out.
	Custodies(ctx context.Context, ids []DeviceID) (map[DeviceID]Custody, error)
	// Commit writes a change, or answers ErrStale and writes nothing. It
	// returns only after the transaction is durable.
	Commit(ctx context.Context, ch Change) error
	// Policy returns a ward's policy, or ErrNotFound.
	Policy(ctx context.Context, ward string) (Policy, error)
	// Rows calls each with every row, or with those written within the last
	// d by the database's own clock if d > 0, until each returns an error.
	Rows(ctx context.Context, d time.Duration, each func(Custody) error) error

	// Buckets returns what SQL knows of each bucket (ID "" if never adopted), in order.
	Buckets(ctx context.Context) ([]BucketState, error)
	// AdoptBucket makes next the bucket's state if its ID is still prev's, or answers ErrStale.
	AdoptBucket(ctx context.Context, prev, next BucketState) error
	// BeatBuckets raises the beats of buckets whose ID is unchanged; a lower beat never lowers one.
	BeatBuckets(ctx context.Context, beats []BucketState) error
}

// Live is the session state in Redis. Every method that names a device checks
// the id of its bucket inside the script and answers ErrLost if it is not the
// one last adopted. Implementations must pass the conformance suite in server/live.
type Live interface {
	// Now returns Redis' TIME, the time that decides.
	Now(ctx context.Context, id DeviceID) (Moment, error)
	// Moments is Now for many devices in one pipeline: an answer or an error for each.
	Moments(ctx context.Context, ids []DeviceID) ([]Moment, []error)
	// Publish writes each mirror's whole row if its (epoch, version) is greater
	// than what live has (or equal, when live has no session for an in_use row);
	// others are left alone without error.
	Publish(ctx context.Context, ms ...Mirror) error
	// Restrict closes the session in one script, or answers ErrStale.
	Restrict(ctx context.Context, r Restriction) error
	// Touch is evidence of presence: one round trip that moves the deadlines of
	// an open session of that epoch. ErrLocked if it is closed, ErrStale for another epoch.
	Touch(ctx context.Context, id DeviceID, epoch int64) (Session, error)
	// Session reads without touching; ErrNotFound if the device is not mirrored.
	Session(ctx context.Context, id DeviceID) (Session, error)
	// Mirror returns the mirrored row and lock command; ErrNotFound if none.
	Mirror(ctx context.Context, id DeviceID) (Mirror, error)
	// ClaimDue takes up to limit due devices over all buckets, each hidden from
	// other sweepers for hold. Warnings that come due are marked and fed inside,
	// and a session that comes due as idle is closed inside, as by Restrict.
	ClaimDue(ctx context.Context, limit int, hold time.Duration) ([]Due, error)

	// Owe keeps an entry that must reach history before the device's next change.
	Owe(ctx context.Context, id DeviceID, e Entry) error
	// Owed returns the entries owed, oldest first.
	Owed(ctx context.Context, id DeviceID) ([]Entry, error)
	// Settle drops the n oldest owed entries once they are in history.
	Settle(ctx context.Context, id DeviceID, n int) error

	// Beat raises every bucket's beat in one pipeline and returns what Redis
	// says of each: ID "" where the bucket has none. A beat under
	// another id than the one that Expect or Adopt named, or below its beat, is
	// left as it is: an old copy must not catch up, and another's that rises is alive.
	Beat(ctx context.Context) ([]BucketState, error)
	// Adopt gives a bucket its id and beat in Redis, dropping what it held, and
	// makes it the id that scripts check from now on. ErrStale if another was
	// adopted meanwhile: it has another id and no lower a beat.
	Adopt(ctx context.Context, b BucketState) error
	// Expect sets the ids that scripts check, and the least beats, without touching Redis.
	Expect(bs []BucketState)
}
