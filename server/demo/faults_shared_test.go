package demo

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// sharedFaults are those of Shared iPads.
var sharedFaults = []fault{
	{
		name: "DeleteUser 12071", ward: shared,
		happens: first(ipad(func(r *row) { r.d.Refuse("DeleteUser", 12071) }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseOverdue, says: "(error 12071). Restart it",
		mend: byItself,
	},
	{
		name: "DeleteUser 12072", ward: shared,
		happens: first(ipad(func(r *row) { r.d.Refuse("DeleteUser", 12072) }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseOverdue, says: "(error 12072). Restart it",
		mend: byItself,
	},
	{
		name: "DeleteUser 12073", ward: shared,
		happens: first(worksOn, ipad(func(r *row) { r.d.Unsynced(r.p.account, 0) }), isDone),
		ends:    custody.Unproven, cause: custody.CauseFailed, says: "the ward's policy does not allow losing it",
		mend: first(ipad(func(r *row) { r.d.Unsynced(r.p.account, time.Millisecond) }), wipesAgain),
	},
	{
		name: "DeleteUser 12073 against its own list", ward: shared,
		happens: first(ipad(func(r *row) { r.d.Refuse("DeleteUser", 12073) }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseFailed, says: "the ward's policy does not allow losing it",
		mend: first(byItself, wipesAgain),
	},
	{
		name: "DeleteUser 12074", ward: shared,
		happens: first(ipad(func(r *row) { r.d.Refuse("DeleteUser", 12074) }), givesBack),
		ends:    custody.Unproven, cause: custody.CauseOverdue, says: "could not delete a user",
		mend: byItself,
	},
	{
		name: "NotNow for ever on a Shared iPad", ward: shared,
		happens: first(worksOn, ipad(func(r *row) { r.d.NotNowFor(forEver) }), isDone),
		ends:    custody.Unproven, cause: custody.CauseOverdue, says: "with NotNow each time",
		mend: byItself,
	},
	{
		name: "NotNow for ever to the lock of a Shared iPad", ward: shared,
		happens: first(worksOn, ipad(func(r *row) { r.d.NotNowFor(forEver) })), // and walks away
		ends:    custody.Locked, word: custody.LockUnconfirmed, says: "answers LogOutUser with NotNow each time",
		mend: first(byItself, wipesAgain),
	},
	{
		name: "CommandFormatError to UserList", ward: shared,
		happens: first(worksOn, ipad(func(r *row) { r.d.AnswerFormatError("UserList") }), isDone),
		ends:    custody.Unproven, cause: custody.CauseFailed, says: "could not read the command (CommandFormatError)",
		mend: first(byItself, wipesAgain),
	},
	{
		name: "lists of an old epoch that named nobody", ward: shared,
		happens: first(givesBack, reaches(custody.Clean), worksOn, again, ignored),
		ends:    custody.InUse,
		mend:    first(ipad(func(r *row) { r.d.NotNowFor(forEver) }), isDone, putOff, again, stillWiping, byItself),
	},
	{
		name: "every report twice on a Shared iPad", ward: shared,
		happens: first(ipad(func(r *row) { r.d.DuplicateReports() }), worksOn),
		ends:    custody.InUse,
		mend:    isDone,
	},
	{
		name: "a Shared iPad leaves management", ward: shared,
		happens: first(worksOn, ipad(func(r *row) { r.d.RemoveManagement() })),
		ends:    custody.Unproven, cause: custody.CauseCheckedOut, says: "The management was removed on the iPad. Enrol it again.",
		mend: first(enrolsByHand, wipesAgain),
	},
}
