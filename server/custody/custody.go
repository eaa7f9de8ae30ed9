// Package custody is the pure core of padwarden: whose data is on a ward
// iPad, and is it proven gone?
//
// [Decide] takes a device's durable row, something that happened, the ward's
// policy and the time, and answers with the next row and its history. It has
// no clock, no I/O and no randomness, and imports nothing of ours, so every
// promise about hand-overs can be read and tested here.
//
// Three ideas carry the package:
//
//   - Custody is durable and fenced. A row carries an epoch, which grows with
//     every hand-over, and a version, which grows with every change. Whoever
//     writes names the pair that was read.
//   - Commands are derived, never queued. A row carries the [Run] of the plan
//     in progress; what a device is told next follows from the row alone.
//   - Evidence is a ladder. A wipe climbs from requested to proven, a lock
//     from requested to confirmed, and only proof makes a device clean.
//
// One fleet kind bends the table. A guest's temporary session has no passcode
// that a lock could ask for: the one command that shuts it ends it, and its
// data with it. So an idle session of a shared-guest ward goes to [Wiping]
// where others go to [Locked]. It is locked only when live is lost, for then
// nothing may be wiped: its holder may resume for a short while, no screen
// asks who they are, and the ladder says so.
package custody

import "time"

// DeviceID names a device: its serial number as Apple prints it.
type DeviceID string

// State is where a device's custody stands.
type State string

const (
	// Enrolling: known by serial, not yet enrolled in MDM.
	Enrolling State = "enrolling"
	// Clean: proven at or above the ward's least grade; the only state that is offered.
	Clean State = "clean"
	// InUse: a clinician holds a session on it.
	InUse State = "in_use"
	// Locked: a clinician's data is on it and the session is closed; its holder may resume.
	Locked State = "locked"
	// Wiping: the last user's data is being removed, and that is not yet proven.
	Wiping State = "wiping"
	// Unproven: nobody can say that the data is gone. Reason says why.
	Unproven State = "unproven"
	// Lost: in Lost Mode.
	Lost State = "lost"
	// Retired: taken out of service.
	Retired State = "retired"
)

// Cause is why a device was locked, wiped or lost its proof.
type Cause string

const (
	CauseIdle       Cause = "idle"        // the idle deadline passed
	CauseReturn     Cause = "return"      // the holder gave it back
	CauseTakeOver   Cause = "take_over"   // another clinician asked for it
	CauseManager    Cause = "manager"     // a manager asked
	CauseTooLong    Cause = "too_long"    // the longest session ended
	CauseResumeOver Cause = "resume_over" // locked, and the resume window ended
	CauseRevoked    Cause = "revoked"     // badge or clinician revoked
	CauseMoved      Cause = "moved"       // its holder took another iPad
	CauseEmergency  Cause = "emergency"   // the time of a break-glass session is over
	CauseStranger   Cause = "stranger"    // an Apple sign-in that no tap matches
	CauseSignIn     Cause = "sign_in"     // another Apple account signed in while it was being wiped
	CauseReenrolled Cause = "reenrolled"  // enrolled again with no erase of ours to explain it
	CauseCheckedOut Cause = "checked_out" // the management was removed on the device
	CauseOverdue    Cause = "overdue"     // the wipe was not proven in time
	CauseFailed     Cause = "failed"      // the plan ran out of ways
	CauseLiveLost   Cause = "live_lost"   // its bucket of Redis was lost or old
	CauseFirst      Cause = "first"       // enrolled for the first time
	CauseReinstated Cause = "reinstated"  // back in service after it was retired
	CauseDowntime   Cause = "downtime"    // brought back from a downtime
	CauseLostMode   Cause = "lost_mode"   // Lost Mode turned on or off
	CauseBelowGrade Cause = "below_grade" // proven, but below the ward's least grade
	CauseOtherWard  Cause = "other_ward"  // it came from a ward that is set up differently
)

// Custody is a device's durable row. Times are Redis' TIME (the one clock that
// decides), with millisecond precision, in UTC.
type Custody struct {
	Device  DeviceID `json:"device"`
	Ward    string   `json:"ward"`
	State   State    `json:"state"`
	Epoch   int64    `json:"epoch"`   // grows with every hand-over
	Version int64    `json:"version"` // grows with every change

	// Holder is the clinician whose data this epoch put on the device; empty
	// when there is none or nobody knows.
	Holder string    `json:"holder,omitempty"`
	Cause  Cause     `json:"cause,omitempty"`
	Reason string    `json:"reason,omitempty"` // unproven, lost: a sentence for people
	Since  time.Time `json:"since"`            // when State was entered

	// Assurance is how the holder last showed who they are, Credential with what:
	// "badge:…" or "passkey:…".
	Assurance  Assurance `json:"assurance,omitempty"`
	Credential string    `json:"credential,omitempty"`

	Opened      time.Time   `json:"opened,omitzero"`       // this epoch's claim
	Until       time.Time   `json:"until,omitzero"`        // in use in an emergency: when it is locked whatever happens
	ResumeUntil time.Time   `json:"resume_until,omitzero"` // locked: when the resume window ends
	WipeAsked   time.Time   `json:"wipe_asked,omitzero"`   // this run's wipe was asked for
	Reserved    Reservation `json:"reserved,omitzero"`

	Run   Run   `json:"run,omitzero"`
	Lock  Lock  `json:"lock,omitzero"`
	Proof Proof `json:"proof,omitzero"`
	Risk  Risk  `json:"risk,omitzero"`

	Lost      LostNote  `json:"lost,omitzero"`      // while State is Lost
	Isolation Isolation `json:"isolation,omitzero"` // zero: none
	Downtime  Downtime  `json:"downtime,omitzero"`  // while set aside; State is Clean then
	Hands     Hands     `json:"hands,omitzero"`     // while it needs hands and somebody has it

	// Enrolment is the hash of the identity certificate that made the current
	// enrolment. Check-ins and reports under any other are history only.
	Enrolment string `json:"enrolment,omitempty"`
	// Returning is set by an Authenticate and cleared by the first TokenUpdate
	// of that enrolment: only that one says how the device came back.
	Returning bool `json:"returning,omitempty"`
	// Fresh: the current enrolment came with AwaitingConfiguration, so the
	// device was at Setup Assistant, and nobody has used it since.
	Fresh bool `json:"fresh,omitempty"`

	// AppleUser is the Managed Apple Account signed in on a Shared iPad, as far as known.
	AppleUser string `json:"apple_user,omitempty"`
	// SignedOut: a LogOutUser was handed over in this epoch and its holder has not signed in to Apple since.
	SignedOut bool `json:"signed_out,omitempty"`
	// Passcode is when SecurityInfo last showed a passcode in this epoch.
	Passcode time.Time `json:"passcode,omitzero"`

	// Rules is the version of the ward's policy that the row was last told of, if
	// one came while it had a session or a plan.
	Rules int64 `json:"rules,omitempty"`

	// Owed is the detail of the last entry that was owed to history and is in it
	// now: live may still have it, when a server died before it was settled there.
	Owed string `json:"owed,omitempty"`

	// Head is the hash of the device's last history entry (see [Seal]).
	Head string `json:"head,omitempty"`
}

// Reservation keeps a device for the clinician who asked to take it over.
// Until is zero while the device is still being cleaned.
type Reservation struct {
	For   string    `json:"for,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Goal is what a run is for.
type Goal string

const (
	GoalOpen Goal = "open"
	GoalLock Goal = "lock"
	GoalWipe Goal = "wipe"
	GoalLose Goal = "lose" // Lost Mode on
	GoalFind Goal = "find" // Lost Mode off
	GoalSeal Goal = "seal" // no app lock, a passcode
)

// Run is one plan in progress on one device. Its ID is the version at which it
// started, so no two runs of a device share an id and a report can be told
// apart from an older run's.
type Run struct {
	ID      int64     `json:"id,omitempty"`
	Goal    Goal      `json:"goal,omitempty"`
	Started time.Time `json:"started,omitzero"`
	// Step is the name of the plan's current step; empty means its first.
	Step    string    `json:"step,omitempty"`
	Entered time.Time `json:"entered,omitzero"` // when Step was entered
	// Attempt counts the sendings of Step: a redelivery keeps it, a new poll raises it.
	Attempt int `json:"attempt,omitempty"`
	// Command is the CommandUUID of the outstanding attempt; empty when none is.
	Command    string    `json:"command,omitempty"`
	HandedOver time.Time `json:"handed_over,omitzero"` // when Command was first handed over
	// Acked: the outstanding attempt was acknowledged and the step waits for
	// its confirmation; it is not sent again.
	Acked bool `json:"acked,omitempty"`
	// Subject is what the step is about where the device said so: the user to delete, the app that was last told.
	Subject string `json:"subject,omitempty"`
	// NotBefore holds the step back: the next attempt is not handed over earlier.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Waits says in a sentence what the plan waits for before it goes on, where
	// somebody can do something about it: a flat battery, a lock of Apple's.
	Waits string `json:"waits,omitempty"`
	// Nudges were sent since the device last connected; the next is due at NudgeAt.
	Nudges  int       `json:"nudges,omitempty"`
	NudgeAt time.Time `json:"nudge_at,omitzero"`
	// Done: the plan has reached its goal, or given up; nothing more is sent.
	Done bool `json:"done,omitempty"`
	// Ended: the history says how it ended, once. An overdue wipe has ended
	// and is still worked on: it may be proven late.
	Ended bool `json:"ended,omitempty"`
}

// Active reports whether the run still has something to do.
func (r Run) Active() bool { return r.ID != 0 && !r.Done }

// Risk is the last destructive command handed over in this epoch. Destructive
// are EraseDevice, LogOutUser, DeleteUser, RemoveApplication and ClearPasscode.
type Risk struct {
	Request    string    `json:"request,omitempty"`
	Command    string    `json:"command,omitempty"`
	HandedOver time.Time `json:"handed_over,omitzero"`
	// Erase: an EraseDevice was handed over in this epoch, so a re-enrolment is explained.
	Erase bool `json:"erase,omitempty"`
	// Settled: a terminal report of it, or a later connect of the device, was
	// seen; until then it may still be executed.
	Settled bool `json:"settled,omitempty"`
}

// Open reports whether a destructive command may still be executed.
func (r Risk) Open() bool { return r.Request != "" && !r.Settled }

// Available reports whether the device may be offered to clinician at now.
func (c Custody) Available(clinician string, now time.Time) bool {
	return c.State == Clean && !c.Isolation.On() && !c.Downtime.On() && (c.Reserved.For == "" || c.Reserved.For == clinician || !now.Before(c.Reserved.Until))
}
