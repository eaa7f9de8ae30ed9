package custody

import "fmt"

// askedFor says who asked for a lock or a wipe and why. Clinicians are not
// named: what is said here stays on the row after they have left it, and the
// history, which names them, is for those who may read it.
func askedFor(why Cause, actor string) string {
	if said, ok := askedWords[why]; ok {
		return said
	}
	if why == CauseManager {
		return fmt.Sprintf("asked for by %s", actor)
	}
	return string(why)
}

var askedWords = map[Cause]string{
	CauseIdle:       "nobody touched it for too long",
	CauseReturn:     "given back by its holder",
	CauseTakeOver:   "taken over by a colleague",
	CauseTooLong:    "the longest session ended",
	CauseResumeOver: "nobody came back to it in time",
	CauseRevoked:    "its holder's badge or account was revoked",
	CauseStranger:   "an Apple sign-in that no tap matches",
	CauseSignIn:     "another Apple sign-in during the wipe",
	CauseLiveLost:   "the session's state was lost",
	CauseFirst:      "it came erased, and not by a wipe of ours",
}
