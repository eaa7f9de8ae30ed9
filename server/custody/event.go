package custody

import "time"

// Event is something that happened to a device. The types below are all there are.
type Event interface{ event() }

// People's events. By is a clinician id, or a member of staff from Wipe on.
// Account is the clinician's Managed Apple Account, empty where the fleet kind
// has none.
type (
	// Claim: By badged in at a clean device. How is how they showed who they are,
	// With the credential that they did it with: see [BadgeCredential].
	Claim struct {
		By, Account string
		How         Assurance
		With        string
	}
	// Resume: the holder's tap on a locked device, or on a wiping one that may still be called back.
	// Without How it is a tap within the PIN grace, which shows nothing new.
	Resume struct {
		By, Account string
		How         Assurance
		With        string
	}
	// TakeOver: By asks for a device that is locked with another's session.
	TakeOver struct{ By string }
	// Moved: the holder of this device, in Epoch, has taken another.
	Moved struct {
		By    string
		Epoch int64
	}
	// Return: the holder is done.
	Return struct{ By string }
	// Wipe: a manager asks. Epoch, if not 0, is the hand-over they were looking
	// at: a confirmation that comes late does not meet the next person. Why, if
	// they said, is for the history, here and in LockNow.
	Wipe struct {
		By    string
		Epoch int64
		Why   string
	}
	// Attest: a named person states that the device was cleaned by hand.
	Attest struct{ By, Why string }
	// Revoke: the holder was revoked, or the Credential that opened the session.
	Revoke struct{ Clinician, Credential string }
	// Explain and Review are said of an emergency, which Version names.
	Explain struct {
		By, Why string
		Version int64
	}
	Review struct {
		By, Found string
		Version   int64
	}
	// Retire takes a device out of service; only where no data of anybody's is on it.
	Retire struct{ By string }
	// Lose: a named person has the device locked by Lost Mode, for a reason, with
	// what it shows. Epoch as in Wipe, here and below.
	Lose struct {
		By, Why                  string
		Message, Phone, Footnote string
		Epoch                    int64
	}
	// Found: the device is back; it is asked to leave Lost Mode.
	Found struct {
		By    string
		Epoch int64
	}
	// LockNow: a manager has the session locked before it is idle.
	LockNow struct {
		By    string
		Epoch int64
		Why   string
	}
	// Isolate keeps the device from everybody but its holder; Release ends that.
	Isolate struct{ By, Why string }
	Release struct{ By, Why string }
	// SetAside seals a clean device for a downtime. BringBack ends that; Who used
	// it, if anybody did, is named then.
	SetAside  struct{ By string }
	BringBack struct {
		By, Who string
		Epoch   int64
	}
	// Looked: a named person looked at something of the device that is kept from
	// most; only the history changes.
	Looked struct{ By, What string }
	// Assign gives a device that needs hands to Who of the staff, or with no Who
	// hands it back. From is who had it when By decided that; Epoch as in Wipe.
	Assign struct {
		By, Who, From string
		Epoch         int64
	}
	// Reinstate brings a retired device back into service.
	Reinstate struct{ By string }
)

// Timers.
type (
	// Idle: live found the session's deadline passed and closed it. It is
	// fenced by the epoch and the deadline that were read when the timer was claimed.
	Idle struct{ Epoch int64 }
	// LiveLost: the device's bucket of Redis is gone or old.
	LiveLost struct{}
	// Tick: a wake came due; whatever the row's own timers say is done.
	Tick struct{}
)

// What the device showed.
type (
	// Authenticated: an Authenticate check-in under a certificate.
	Authenticated struct{ Enrolment string }
	// TokenUpdated: a TokenUpdate on the device channel.
	TokenUpdated struct {
		Enrolment string
		Awaiting  bool // AwaitingConfiguration
	}
	// AppleSignIn: a user-channel TokenUpdate, or a name in UserList that is signed in.
	AppleSignIn struct{ Enrolment, Account string }
	// CheckedOut: the enrolment profile was removed.
	CheckedOut struct{ Enrolment string }
	// Mislaid: a command was put into another server's queue, and the device has
	// connected often since and neither got nor answered it.
	Mislaid struct{ Command string }
	// Seen: the device connected on its device channel; whatever was
	// handed over before has reached it or never will.
	Seen struct{}
	// Progress is what the plan made of a report, a connect or a check-in.
	Progress struct {
		Run      Run       // the run as it stands now; its ID must be the row's
		HandOver *HandOver // a command leaves with this change
		Proof    ProofRung // raised to, if set
		Grade    Grade     // with ProofProven
		How      string    // what showed Proof, in words for people
		Lock     *LockMark
		Passcode bool     // SecurityInfo showed a passcode
		Failed   string   // the plan gave up: a sentence that says why
		Settles  bool     // the report is terminal for the outstanding destructive command
		Notes    []string // what was seen, for the history
	}
)

// HandOver records that a command leaves for the device with this change.
type HandOver struct {
	Command     string // CommandUUID
	Request     string // RequestType
	Step        string
	Attempt     int
	Destructive bool
}

// LockMark raises the lock ladder.
type LockMark struct {
	Rung     LockRung
	Strength Strength
	How      string
}

func (Claim) event()         {}
func (Resume) event()        {}
func (TakeOver) event()      {}
func (Moved) event()         {}
func (Return) event()        {}
func (Wipe) event()          {}
func (Attest) event()        {}
func (Revoke) event()        {}
func (Explain) event()       {}
func (Review) event()        {}
func (Retire) event()        {}
func (Lose) event()          {}
func (Found) event()         {}
func (LockNow) event()       {}
func (Isolate) event()       {}
func (Release) event()       {}
func (Reinstate) event()     {}
func (SetAside) event()      {}
func (BringBack) event()     {}
func (Looked) event()        {}
func (Assign) event()        {}
func (Idle) event()          {}
func (LiveLost) event()      {}
func (Tick) event()          {}
func (Authenticated) event() {}
func (TokenUpdated) event()  {}
func (AppleSignIn) event()   {}
func (CheckedOut) event()    {}
func (Mislaid) event()       {}
func (Seen) event()          {}
func (Progress) event()      {}

// Outcome is what [Decide] answers.
type Outcome struct {
	Next    Custody
	Entries []Entry // history, to be written with Next
	Changed bool    // false: nothing to write
	Nudge   bool    // the device should be asked to connect
	Alert   bool    // a person should be told; the entries say what
}

// Entry is one line of a device's history. It is written in the transaction
// that changes the row, and sealed to the one before it.
type Entry struct {
	Device  DeviceID  `json:"device"`
	Epoch   int64     `json:"epoch"`
	Version int64     `json:"version"` // of the row it was written with
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`            // session.opened, lock.asked, wipe.ended, …
	Actor   string    `json:"actor,omitempty"` // clinician, staff, device or timer
	State   State     `json:"state"`           // the state it led to
	Run     int64     `json:"run,omitempty"`   // of what is said of an emergency: the version it was opened with
	Detail  string    `json:"detail,omitempty"`
	Hash    string    `json:"hash"` // see Seal
}
