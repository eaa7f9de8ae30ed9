package custody

// Reset is what a clean device is called that was proven below its ward's
// least grade and is offered because the policy says so. It is a word of
// [Shown], never the state of a row.
const Reset State = "reset"

// Isolated is what a clean device is called that is kept from everybody until
// it has been disinfected. A word of [Shown] like [Reset].
const Isolated State = "isolated"

// Shown is the state of a device as pages and the API name it: the row's,
// but [Isolated], [Sealed] or [Reset] for a clean one that is not simply to be had. What
// a person has attested is clean by their word.
func Shown(c Custody, p Policy) State {
	g := c.Proof.Grade
	switch {
	case c.State == Clean && c.Isolation.On():
		return Isolated
	case c.Downtime.On():
		return Sealed
	}
	if c.State == Clean && gradeRank[g] > 0 && !g.AtLeast(p.LeastGrade) && !c.Proof.Attested {
		return Reset
	}
	return c.State
}

// Kept says in a sentence what a wipe of grade g leaves behind; empty where it leaves nothing.
func (g Grade) Kept() string {
	switch g {
	case GradeAppsRemoved:
		return "The ward's apps and their data were removed. What is in Safari, Photos and Files was not."
	case GradeSignedOut:
		return "The last guest was signed out. Apple deletes their data then; nothing shows that it did."
	case GradeUserDeleted:
		return "The last person's account was deleted from it. The iPad itself was not erased."
	}
	return ""
}
