package custody

import (
	"errors"
	"strings"
	"testing"
)

// columns are the states a device can be in, as far as Decide tells them apart.
var columns = map[string]func(t *testing.T) *device{
	"enrolling": func(t *testing.T) *device { return newDevice(t, kiosk) },
	"clean":     func(t *testing.T) *device { return cleanDevice(t, kiosk) },
	"kept": func(t *testing.T) *device { // clean, for b
		d := locked(t, kiosk)
		d.do(TakeOver{"b"})
		d.proven(GradeErased)
		return d
	},
	"in_use":   func(t *testing.T) *device { return inUse(t, kiosk) },
	"locked":   func(t *testing.T) *device { return locked(t, kiosk) },
	"returned": func(t *testing.T) *device { return wiping(t, kiosk) },
	"handed": func(t *testing.T) *device { // returned, and the erase has left
		d := wiping(t, kiosk)
		d.handOver("EraseDevice", true)
		return d
	},
	"taken": func(t *testing.T) *device { // wiping for b
		d := locked(t, kiosk)
		d.do(TakeOver{"b"})
		return d
	},
	"managed": func(t *testing.T) *device { // wiping because a manager asked
		d := inUse(t, kiosk)
		d.do(Wipe{By: "m"})
		return d
	},
	"unproven": func(t *testing.T) *device { // acknowledged, never came back
		d := wiping(t, kiosk)
		d.handOver("EraseDevice", true)
		d.acked()
		d.after(d.p.Overdue).do(Tick{})
		return d
	},
	"risky": func(t *testing.T) *device { return risky(t, kiosk) },
	"lost": func(t *testing.T) *device {
		d := inUse(t, kiosk)
		d.do(loses)
		return d
	},
	"retired": retired,
}

// matrix is every event in every state: the state that it leads to, "=" where
// nothing changes, "~" where the row changes in its state, "stale", or the code
// of a refusal after "!".
const matrix = `
                 enrolling    clean       kept        in_use      locked        returned    handed      taken       managed     unproven     risky        lost         retired
claim a          !unavailable in_use      !reserved   !in_use     !locked_other !cleaning   !cleaning   !cleaning   !cleaning   !unavailable !unavailable !unavailable !unavailable
claim b          !unavailable in_use      in_use      !in_use     !locked_other !cleaning   !cleaning   !cleaning   !cleaning   !unavailable !unavailable !unavailable !unavailable
resume a         !not_holder  !not_holder !not_holder =           in_use        in_use      !too_late   !too_late   !too_late   !unavailable !unavailable !unavailable !not_holder
resume b         !not_holder  !not_holder !not_holder !not_holder !locked_other !not_holder !not_holder !not_holder !not_holder !not_holder  !not_holder  !not_holder  !not_holder
take-over a      !unavailable !refused    !reserved   !in_use     !refused      !cleaning   !cleaning   !cleaning   !cleaning   !unavailable !unavailable !unavailable !unavailable
take-over b      !unavailable !refused    !refused    !in_use     wiping        !cleaning   !cleaning   !cleaning   !cleaning   !unavailable !unavailable !unavailable !unavailable
return a         !not_holder  !not_holder !not_holder wiping      wiping        !not_holder !not_holder !not_holder !not_holder !not_holder  !not_holder  !not_holder  !not_holder
return b         !not_holder  !not_holder !not_holder !not_holder !not_holder   !not_holder !not_holder !not_holder !not_holder !not_holder  !not_holder  !not_holder  !not_holder
wipe             !unavailable wiping      wiping      wiping      wiping        !cleaning   !cleaning   !cleaning   !cleaning   wiping       wiping       !unavailable !unavailable
attest           !refused     !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    clean        !risk_open   !refused     !refused
attest-no-name   !refused     !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
attest-no-reason !refused     !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
revoke a         =            =           =           wiping      wiping        =           =           =           =           =            =            =            =
revoke b         =            =           =           =           =             =           =           =           =           =            =            =            =
revoke-nobody    =            =           =           =           =             =           =           =           =           =            =            =            =
retire           retired      retired     retired     !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     =
lost-mode        !unavailable  lost        lost        lost        lost          lost        lost        lost        lost        lost         lost         !refused     !unavailable
found            !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     ~            !refused
lock-now         !refused      !refused    !refused    locked      !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
lock-now-older   stale         stale       stale       stale       stale         stale       stale       stale       stale       stale        stale        stale        stale
isolate          ~             ~           ~           ~           ~             ~           ~           ~           ~           ~            ~            ~            !unavailable
isolate-no-reason !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
release          !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
set-aside        !refused      ~           ~           !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
bring-back       !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
looked           ~             ~           ~           ~           ~             ~           ~           ~           ~           ~            ~            ~            ~
mislaid          stale         stale       stale       stale       stale         stale       stale       stale       stale       stale        stale        stale        stale
assign           !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    ~            ~            !refused     !refused
assign-no-name   !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     !refused
assign-older     stale         stale       stale       stale       stale         stale       stale       stale       stale       stale        stale        stale        stale
assign-from-who  !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !taken       !taken       !refused     !refused
hand-back        !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    =            =            !refused     !refused
reinstate        !refused      !refused    !refused    !refused    !refused      !refused    !refused    !refused    !refused    !refused     !refused     !refused     unproven
idle             stale        stale       stale       locked      stale         stale       stale       stale       stale       stale        stale        stale        stale
idle-older       stale        stale       stale       stale       stale         stale       stale       stale       stale       stale        stale        stale        stale
live-lost        =            =           =           locked      =             =           =           =           =           =            =            =            =
tick             =            =           =           =           =             =           =           =           =           =            =            =            =
seen             =            =           =           =           =             =           =           =           =           =            =            =            =
progress-other   stale        stale       stale       stale       stale         stale       stale       stale       stale       stale        stale        stale        stale
auth-new         ~            unproven    unproven    unproven    unproven      unproven    ~           unproven    unproven    ~            ~            ~            ~
auth-same        =            =           =           =           =             =           =           =           =           =            =            =            =
token-other      =            =           =           =           =             =           =           =           =           =            =            =            =
token-repeated   =            =           =           =           =             =           =           =           =           =            =            =            =
check-out        ~            unproven    unproven    unproven    unproven      unproven    ~           unproven    unproven    ~            ~            ~            ~
check-out-other  =            =           =           =           =             =           =           =           =           =            =            =            =
apple-sign-in    =            =           =           =           =             =           =           =           =           =            =            =            =
`

func matrixEvent(name string, c Custody) Event {
	return map[string]Event{
		"claim a": Claim{By: "a"}, "claim b": Claim{By: "b"},
		"resume a": Resume{By: "a"}, "resume b": Resume{By: "b"},
		"take-over a": TakeOver{"a"}, "take-over b": TakeOver{"b"},
		"return a": Return{"a"}, "return b": Return{"b"},
		"wipe": Wipe{By: "m"}, "attest": Attest{"m", "erased by cable"},
		"attest-no-name": Attest{"", "erased by cable"}, "attest-no-reason": Attest{"m", ""},
		"revoke a": Revoke{Clinician: "a"}, "revoke b": Revoke{Clinician: "b"}, "revoke-nobody": Revoke{Clinician: ""}, "retire": Retire{"m"},
		"lost-mode": loses, "found": Found{By: "m"}, "lock-now": LockNow{By: "m"}, "lock-now-older": LockNow{By: "m", Epoch: c.Epoch + 1},
		"set-aside": SetAside{"m"}, "bring-back": BringBack{By: "m", Who: "a"}, "mislaid": Mislaid{c.Run.Command}, "looked": Looked{"m", "where it is"},
		"assign": Assign{By: "m", Who: "n"}, "assign-no-name": Assign{Who: "n"}, "assign-older": Assign{By: "m", Who: "n", Epoch: c.Epoch + 1},
		"assign-from-who": Assign{By: "m", Who: "n", From: "o"}, "hand-back": Assign{By: "m"},
		"isolate": Isolate{"m", "norovirus"}, "isolate-no-reason": Isolate{By: "m"}, "release": Release{"m", "wiped down"}, "reinstate": Reinstate{"m"},
		"idle": Idle{c.Epoch}, "idle-older": Idle{c.Epoch - 1}, "live-lost": LiveLost{}, "tick": Tick{}, "seen": Seen{},
		"progress-other": Progress{Run: Run{ID: c.Run.ID + 1, Goal: GoalWipe}, Proof: ProofProven, Grade: GradeErased},
		"auth-new":       Authenticated{"cert-new"}, "auth-same": Authenticated{c.Enrolment},
		"token-other": TokenUpdated{"cert-other", true}, "token-repeated": TokenUpdated{c.Enrolment, true},
		"check-out": CheckedOut{c.Enrolment}, "check-out-other": CheckedOut{"cert-other"},
		"apple-sign-in": AppleSignIn{c.Enrolment, "x@hospital.example"},
	}[name]
}

func TestEveryEventInEveryState(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(matrix), "\n")
	names := strings.Fields(lines[0])
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		event := cells[0]
		if len(cells) == len(names)+2 {
			event, cells = event+" "+cells[1], cells[1:]
		}
		if len(cells) != len(names)+1 {
			t.Fatalf("%s: %d cells, want %d", event, len(cells)-1, len(names))
		}
		for i, name := range names {
			t.Run(event+"/"+name, func(t *testing.T) { matrixCell(t, columns[name](t), event, cells[i+1]) })
		}
	}
}

func matrixCell(t *testing.T, d *device, event, want string) {
	prev := d.c
	e := matrixEvent(event, prev)
	if e == nil {
		t.Fatalf("no event %q", event)
	}
	out, err := d.try(e)
	got := string(d.c.State)
	switch {
	case errors.Is(err, ErrStale):
		got = "stale"
	case err != nil:
		got = "!" + Refused(err)
	case !out.Changed:
		got = "="
	case d.c.State == prev.State:
		got = "~"
	}
	if got != want {
		t.Fatalf("got %s (%v), want %s", got, err, want)
	}
	claimed := strings.HasPrefix(event, "claim") && want == "in_use"
	if grew := d.c.Epoch - prev.Epoch; claimed != (grew == 1) {
		t.Errorf("the epoch grew by %d", grew)
	}
	if i := VerifyChain(d.entries, d.c.Head); i != -1 {
		t.Errorf("entry %d breaks the history", i)
	}
	if got != "=" && got != "~" && out.Changed && !d.c.Since.Equal(d.now) {
		t.Errorf("entered %s at %s, and Since says %s", got, d.now, d.c.Since)
	}
}
