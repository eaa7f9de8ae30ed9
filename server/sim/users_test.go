package sim

import (
	"strings"
	"testing"
	"time"
)

const nurse = "nurse@ward.example"

// sharedIPad is a Shared iPad with nurse signed in and her user channel open.
func sharedIPad(t *testing.T) (*world, *Device) {
	w := newWorld(t, quick)
	d := w.device(Options{Kind: Shared})
	must(t, d.AppleSignIn(nurse))
	w.server.awaitSeen("TokenUpdate", 2)
	w.settle()
	return w, d
}

func TestUserChannel(t *testing.T) {
	w, d := sharedIPad(t)
	token := w.server.seen("TokenUpdate")[1]
	if token.str("UserID") != sharedUserID || token.str("UserShortName") != nurse || token.has("UnlockToken") ||
		token.has("AwaitingConfiguration") || token.str("PushMagic") == w.server.addresses[""].magic {
		t.Fatalf("the user's TokenUpdate: %v", token)
	}
	if w.server.unlock != nil {
		t.Fatal("a Shared iPad sent an UnlockToken")
	}
	clip := dict{"Payload": mobileconfig(t, "clip", payload(typeWebClip, "c", dict{"URL": "http://127.0.0.1/kiosk/start/x", "Label": "Badge"}))}
	w.awaitStatus(w.server.do("", "InstallProfile", clip), "Error") // user channel only on Shared iPad
	r := w.server.do(nurse, "InstallProfile", clip)
	w.awaitStatus(r, "Acknowledged")
	if r.str("UserID") != sharedUserID || r.str("UserShortName") != nurse {
		t.Fatalf("the report does not say whose it is: %v", r)
	}
	if u := d.Truth().Users[0]; strings.Join(u.Profiles, "") != "clip" || !u.SignedIn {
		t.Fatalf("%+v", u)
	}
	for _, request := range []string{"EraseDevice", "DeviceLock", "LogOutUser", "DeleteUser"} {
		w.awaitStatus(w.server.do(nurse, request, dict{"UserName": nurse}), "Error")
	}
	lock := mobileconfig(t, "lock", payload(typeAppLock, "l", dict{"App": map[string]any{"Identifier": "app"}}))
	w.awaitStatus(w.server.do(nurse, "InstallProfile", dict{"Payload": lock}), "Error")
	if d.Truth().Erased != 0 {
		t.Fatal("erased by the user channel")
	}
}

func TestOneSignInAtATime(t *testing.T) {
	w, d := sharedIPad(t)
	if d.AppleSignIn("other") == nil {
		t.Fatal("two at once")
	}
	must(t, d.Plant(Canary{"A", 1}))
	d.AppleSignOut()
	if d.Plant(Canary{"B", 2}) == nil {
		t.Fatal("work with nobody signed in")
	}
	must(t, d.AppleSignIn("other"))
	must(t, d.Plant(Canary{"B", 2}))
	if x := d.Truth(); len(x.Users) != 2 || len(x.Users[0].Canaries) != 1 || x.Users[1].Canaries[0].Holder != "B" {
		t.Fatalf("%+v", x.Users)
	}
	one := w.fleet.Add(Options{})
	if one.AppleSignIn(nurse) == nil {
		t.Fatal("an Apple sign-in on a one-user iPad")
	}
}

func users(r dict) string {
	var out []string
	for _, u := range r.list("Users") {
		s := u.str("UserName")
		if u.bool("IsLoggedIn") {
			s += "+in"
		}
		if u.bool("HasDataToSync") {
			s += "+data"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestDeleteUser(t *testing.T) {
	w, d := sharedIPad(t)
	must(t, d.Plant(Canary{"A", 1}))
	name := dict{"UserName": nurse}
	if r := w.server.do("", "DeleteUser", dict{"UserName": "nobody"}); code(r) != 12071 {
		t.Errorf("no such user: %v", r)
	}
	if r := w.server.do("", "DeleteUser", name); code(r) != 12072 {
		t.Errorf("signed in: %v", r)
	}
	d.Unsynced(nurse, 0)
	if got := users(w.server.do("", "UserList", nil)); got != nurse+"+in+data" {
		t.Errorf("UserList: %s", got)
	}
	d.AppleSignOut()
	if r := w.server.do("", "DeleteUser", name); code(r) != 12073 {
		t.Errorf("data to sync: %v", r)
	}
	if r := w.server.do("", "DeleteUser", dict{"DeleteAllUsers": true}); code(r) != 12074 {
		t.Errorf("all, with data to sync: %v", r)
	}
	if len(d.Truth().Canaries) != 1 {
		t.Fatal("deleted in spite of an error")
	}
	w.awaitStatus(w.server.do("", "DeleteUser", dict{"UserName": nurse, "ForceDeletion": true}), "Acknowledged")
	if x := d.Truth(); len(x.Canaries) != 0 || len(x.Users) != 0 {
		t.Fatalf("%+v", x)
	}
	if got := users(w.server.do("", "UserList", nil)); got != "" {
		t.Errorf("UserList after: %s", got)
	}
	if status, _ := w.server.nudge(nurse); status != 410 {
		t.Errorf("a push to the deleted user: %d", status)
	}
	must(t, d.AppleSignIn("b"))
	d.AppleSignOut()
	w.awaitStatus(w.server.do("", "DeleteUser", dict{"DeleteAllUsers": true}), "Acknowledged")
}

func TestUserCommandsAreForSharedIPad(t *testing.T) {
	w := newWorld(t, quick)
	w.device(Options{})
	for _, request := range []string{"LogOutUser", "UserList", "DeleteUser"} {
		w.awaitStatus(w.server.do("", request, dict{"UserName": nurse}), "Error")
	}
}

func TestSharedIPadForbids(t *testing.T) {
	w, d := sharedIPad(t)
	w.awaitStatus(w.server.do("", "ClearPasscode", dict{"UnlockToken": []byte("x")}), "Error")
	w.awaitStatus(w.server.do("", "EraseDevice", dict{"DisallowProximitySetup": true}), "Error")
	policy := mobileconfig(t, "p", payload(typePasscode, "p", dict{"minLength": 6}))
	w.awaitStatus(w.server.do("", "InstallProfile", dict{"Payload": policy}), "Error")
	if d.SetPasscode("123456") == nil {
		t.Error("a passcode on a Shared iPad")
	}
	w.server.do("", "DeviceLock", nil)
	if x := d.Truth(); !x.Locked || x.Screen {
		t.Errorf("DeviceLock: %+v", x)
	}
}

// LogOutUser is accepted at once; the iPad is then silent, and only at the end
// of that is the user gone.
func TestLogOutBlackout(t *testing.T) {
	w := newWorld(t, slow)
	d := w.fleet.Add(Options{Kind: Shared})
	d.EnrolByHand(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	for _, guest := range []string{nurse, ""} {
		must(t, d.AppleSignIn(guest))
		must(t, d.Plant(Canary{"A", 1}))
		w.settle()
		w.server.command("", "LogOutUser", nil)
		n := len(w.server.seen("Acknowledged"))
		w.server.nudge("")
		w.advance(slow.Push)
		w.server.awaitSeen("Acknowledged", n+1)
		w.settle()
		w.advance(slow.Linger)
		idles := w.idles()
		w.server.nudge("")
		w.advance(slow.Blackout - time.Second)
		if x := d.Truth(); x.Reachable || w.idles() != idles || len(x.Users) != 1 || !x.Users[0].SignedIn {
			t.Fatalf("in the blackout: %+v", x)
		}
		w.advance(time.Second)
		x := d.Truth()
		if guest == "" && len(x.Canaries)+len(x.Users) != 0 {
			t.Fatalf("a guest's volume is still there: %+v", x)
		}
		if guest != "" && (len(x.Users) != 1 || x.Users[0].SignedIn || len(x.Canaries) != 1) {
			t.Fatalf("an account's volume: %+v", x)
		}
		w.advance(slow.Push)
		eventually(t, "the kept push", func() bool { return w.idles() == idles+1 })
		w.settle()
		d.update(func() { d.vol.users = nil })
	}
}

func TestGuestHasNoUserChannel(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{Kind: Shared})
	must(t, d.AppleSignIn(""))
	w.settle()
	if n := len(w.server.seen("TokenUpdate")); n != 1 {
		t.Fatalf("%d TokenUpdates", n)
	}
	if got := users(w.server.do("", "UserList", nil)); got != "" {
		t.Fatalf("UserList: %s", got)
	}
	w.awaitStatus(w.server.do("", "LogOutUser", nil), "Acknowledged")
	eventually(t, "the end of the session", func() bool { return len(d.Truth().Users) == 0 })
	w.awaitStatus(w.server.do("", "LogOutUser", nil), "Acknowledged") // nobody: nothing happens
}
