package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/sim"
)

// forEver is longer than any row.
const forEver = 1000 * time.Hour

// ipadFaults are those of one-user iPads, and of what the server has to do with one.
var ipadFaults = []fault{
	{
		name: "NotNow for ever after the erase", ward: oneUser,
		happens: first(ipad(func(r *row) { r.d.NotNowFor(forEver) }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseOverdue, says: "answers InstallProfile with NotNow each time",
		mend: byItself,
	},
	{
		name: "an error to the erase", ward: oneUser,
		happens: first(ipad(func(r *row) { r.d.Refuse("EraseDevice", 12021) }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseFailed, says: "The iPad refused EraseDevice",
		mend: first(byItself, wipesAgain),
	},
	{
		name: "CommandFormatError to the erase", ward: oneUser,
		happens: first(ipad(func(r *row) { r.d.AnswerFormatError("EraseDevice") }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseFailed, says: "could not read the command (CommandFormatError)",
		mend: first(byItself, wipesAgain),
	},
	{
		name: "CommandFormatError to the lock", ward: oneUser,
		happens: first(ipad(func(r *row) { r.d.AnswerFormatError("DeviceLock") }), worksOn), // and walks away
		ends:    custody.Locked, word: custody.LockHolds, says: "app lock seen by ProfileList",
		mend: first(byItself, wipesAgain),
	},
	{
		name: "a report for an unknown command", ward: oneUser,
		happens: first(worksOn, strayReport, ignored),
		ends:    custody.InUse,
		mend:    first(isDone, strayReport, told("EraseDevice"), strayReport),
	},
	{
		name: "reports of an old epoch", ward: oneUser,
		happens: first(givesBack, reaches(custody.Clean), worksOn, again, ignored),
		ends:    custody.InUse,
		mend:    first(isDone, againAndAgain),
	},
	{
		name: "every report twice", ward: oneUser,
		happens: first(ipad(func(r *row) { r.d.DuplicateReports() }), givesBack, reaches(custody.Clean), worksOn),
		ends:    custody.InUse,
		mend:    isDone,
	},
	{
		name: "enrols again during a session", ward: oneUser,
		happens: withLink(worksOn),
		ends:    custody.Unproven, cause: custody.CauseReenrolled, says: "that is no evidence of an erase. Wipe it again.",
		mend: wipesAgain,
	},
	{
		name: "enrols again instead of being erased", ward: oneUser,
		happens: withLink(first(ipad(func(r *row) { r.d.AckNotExecute("EraseDevice") }), givesBack, told("EraseDevice"))),
		ends:    custody.Unproven, cause: custody.CauseReenrolled, says: "that is no evidence of an erase. Wipe it again.",
		mend: first(byItself, wipesAgain),
	},
	{
		name: "leaves management during a session", ward: oneUser,
		happens: first(worksOn, ipad(func(r *row) { r.d.RemoveManagement() })),
		ends:    custody.Unproven, cause: custody.CauseCheckedOut, says: "The management was removed on the iPad. Enrol it again.",
		mend: first(enrolsByHand, wipesAgain),
	},
	{
		name: "leaves management instead of being erased", ward: oneUser,
		happens: first(ipad(func(r *row) { r.d.AckNotExecute("EraseDevice") }), givesBack, told("EraseDevice"),
			ipad(func(r *row) { r.d.RemoveManagement() })),
		ends: custody.Unproven, cause: custody.CauseOverdue, says: "no re-enrolment since: needs hands.",
		mend: first(byItself, enrolsByHand, wipesAgain),
	},
	{
		name: "leaves management without a word", ward: oneUser,
		happens: first(worksOn, ipad(func(r *row) { r.d.WifiOff(); r.d.RemoveManagement(); r.d.WifiOn() })),
		ends:    custody.Locked, word: custody.LockUnconfirmed, says: "does not know this iPad any more",
		mend: first(wipesAgain, reaches(custody.Unproven), enrolsByHand, wipesAgain),
	},
	{
		name: "comes back with another serial", ward: oneUser,
		happens: first(ipad(func(r *row) { r.d.ShowSerial("PWNOTITSOWN") }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseOverdue, says: "says that its serial number is another",
		mend: first(byItself, setUpByHand),
	},
	{
		name: "another iPad under its UDID", ward: oneUser,
		happens: first(worksOn, twin),
		ends:    custody.InUse,
		mend:    isDone,
	},
	{
		name: "a profile of the erase cannot be rendered", ward: oneUser,
		happens: first(worksOn, ipad(func(r *row) { r.bad.set(r.d.Serial(), true) }), isDone),
		ends:    custody.Unproven, cause: custody.CauseFailed, says: "cannot be made from the ward's policy",
		mend: first(ipad(func(r *row) { r.bad.set(r.d.Serial(), false) }), wipesAgain),
	},
	{
		name: "a profile of the lock cannot be rendered", ward: oneUser,
		happens: first(worksOn, func(ctx context.Context, r *row) error { return r.opens(ctx) },
			ipad(func(r *row) { r.bad.set(r.d.Serial(), true); r.d.AckNotExecute("ProfileList") })),
		ends: custody.Locked, word: custody.LockScreenOff, says: "app lock not yet seen", page: "cannot be made from the ward's policy",
		mend: first(byItself, ipad(func(r *row) { r.bad.set(r.d.Serial(), false) }), wipesAgain),
	},
	{
		name: "a profile of the open cannot be rendered", ward: passcodes,
		happens: first(worksOn, badBundle, ipad(func(r *row) { _ = r.d.SetPasscode(passcode) }), openFails),
		ends:    custody.InUse, page: "open failed: The command InstallProfile of the step \"clinical\" cannot be made",
		mend: isDone,
	},
	{
		name: "APNs 410", ward: oneUser,
		happens: first(quiet, ipad(func(r *row) { r.h.apns.Disown(r.d.Serial()) }), isDone),
		ends:    custody.Wiping, says: "does not know this iPad any more",
		mend: newToken,
	},
	{
		name: "APNs 400 BadDeviceToken", ward: oneUser,
		happens: first(quiet, pushesAre(http.StatusBadRequest, "BadDeviceToken", 0), isDone),
		ends:    custody.Wiping, says: "restart it on Wi-Fi, or enrol it again",
		mend: first(pushesAre(http.StatusOK, "", 0), newToken),
	},
	{
		name: "APNs 400 BadDeviceToken until it is overdue", ward: oneUser,
		happens: first(quiet, pushesAre(http.StatusBadRequest, "BadDeviceToken", 0), isDone, reaches(custody.Unproven)),
		ends:    custody.Unproven, cause: custody.CauseOverdue, says: "the iPad has not connected since: needs hands.",
		mend: first(pushesAre(http.StatusOK, "", 0), ipad(func(r *row) { r.d.Restart() })), // it asks after a start
	},
	{
		name: "APNs 429 with Retry-After", ward: oneUser,
		happens: first(quiet, pushesAre(http.StatusTooManyRequests, "TooManyRequests", 8*time.Second), isDone),
		ends:    custody.Wiping, says: "takes no more pushes for this iPad before",
		mend: pushesAre(http.StatusOK, "", 0),
	},
}

// badBundle puts a bundle id into the ward's policy that no profile can carry.
func badBundle(ctx context.Context, r *row) error {
	p := faultWards[r.ward].Faster(r.h.o.Speed)
	p.ClinicalApps = []string{"not a bundle id"}
	return r.h.App.Ledger.PutPolicy(ctx, r.ward, p)
}

// openFails waits until the plan that opens the iPad has ended.
func openFails(ctx context.Context, r *row) error {
	_, err := r.m.until(ctx, r.at, "through with opening", func(s standing) bool { return !s.Custody.Run.Active() })
	return err
}

// strayReport makes the iPad report on a command that it was never sent.
func strayReport(_ context.Context, r *row) error { r.d.ReportUnknown(); return nil }

// again makes the iPad say everything again that it ever reported.
func again(_ context.Context, r *row) error { r.d.SayAgain(); return nil }

// againAndAgain does so all through the wipe.
func againAndAgain(ctx context.Context, r *row) error {
	for {
		r.d.SayAgain()
		if s, err := r.m.sees(ctx, r.at); err != nil || s.State != string(custody.Wiping) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(150 * time.Millisecond):
		}
	}
}

// putOff waits until a command is out that the iPad has put off.
func putOff(ctx context.Context, r *row) error {
	_, err := r.m.until(ctx, r.at, "putting a command off", func(s standing) bool {
		return s.State == string(custody.Wiping) && s.Custody.Run.Command != ""
	})
	return err
}

// stillWiping gives what was said a moment to be believed, and sees that it is not.
func stillWiping(ctx context.Context, r *row) error {
	time.Sleep(time.Second)
	s, err := r.m.sees(ctx, r.at)
	if err == nil && s.State != string(custody.Wiping) {
		err = fmt.Errorf("what it had said before made it %s", s.State)
	}
	return err
}

// ignored waits until the iPad has said what it should not, and sees that the
// session went on through it as it was.
func ignored(ctx context.Context, r *row) error {
	before, err := r.m.sees(ctx, r.at)
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	now, err := r.m.sees(ctx, r.at)
	if err == nil && (now.State != string(custody.InUse) || now.Custody.Epoch != before.Custody.Epoch) {
		err = fmt.Errorf("stray reports led from epoch %d to %s in epoch %d", before.Custody.Epoch, now.State, now.Custody.Epoch)
	}
	return err
}

// withLink has an enrolment link made beforehand, and somebody open it after that.
func withLink(then func(context.Context, *row) error) func(context.Context, *row) error {
	return func(ctx context.Context, r *row) error {
		link, err := r.m.link(ctx, r.at)
		if err != nil {
			return err
		}
		if err := then(ctx, r); err != nil {
			return err
		}
		r.d.EnrolByHand(link)
		return nil
	}
}

// setUpByHand is somebody at Setup Assistant, with a link of the manager's.
func setUpByHand(ctx context.Context, r *row) error {
	link, err := r.m.link(ctx, r.at)
	if err != nil {
		return err
	}
	r.d.Assign(link)
	r.d.FinishSetup()
	return nil
}

// twin is another iPad of the inventory that shows this one's UDID: it is let
// in nowhere, and its page says why.
func twin(ctx context.Context, r *row) error {
	id := custody.DeviceID(r.d.Serial() + "TWIN")
	if err := r.h.App.Ledger.AddDevice(ctx, ledger.Device{ID: id, Ward: r.ward, Name: string(id)}); err != nil {
		return err
	}
	link, err := r.h.App.Engine.EnrolmentLink(id)
	if err != nil {
		return err
	}
	other := at{h: r.h, p: r.p, d: r.h.Fleet.Add(sim.Options{Serial: string(id), UDID: r.d.UDID(), Ethernet: true})}
	other.d.Assign(link)
	_, err = r.m.until(ctx, other, "refused", func(s standing) bool {
		return s.State == string(custody.Enrolling) && len(s.Troubles) == 1 && s.Troubles[0].Kind == "enrolment"
	})
	return err
}

// quiet is a session on an iPad that has said all it had to say.
func quiet(ctx context.Context, r *row) error {
	if err := worksOn(ctx, r); err != nil {
		return err
	}
	if err := r.opens(ctx); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	return nil
}

func pushesAre(status int, reason string, after time.Duration) func(context.Context, *row) error {
	return ipad(func(r *row) { r.h.apns.Refuse(r.d.Serial(), status, reason, after) })
}

func newToken(_ context.Context, r *row) error { return r.d.RenewToken() }
