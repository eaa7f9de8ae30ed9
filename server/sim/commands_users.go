package sim

import (
	"context"
	"fmt"
)

// logOutUser is accepted at once; then MDM is unavailable for up to two
// minutes, and only at the end of that is the user gone (Apple). With nobody
// signed in it is acknowledged and nothing happens (assumed).
func logOutUser(d *Device, _ *conversation, _ dict) result {
	if d.opt.Kind != Shared {
		return failed(codeUnknownCommand, "LogOutUser is for Shared iPad")
	}
	if d.vol.current == nil {
		return acknowledged(nil)
	}
	v := d.vol
	return result{status: "Acknowledged", then: d.leave(func() {
		d.phase = silent
		d.agenda.drop("blackout")
		d.agenda.at(d.env.Timing.Blackout, "blackout", func(context.Context) {
			d.update(func() {
				if d.vol == v && d.phase == silent {
					d.phase = ready
					d.signOut()
				}
			})
		})
	})}
}

// signOut ends the session of who is signed in. A guest's volume is deleted
// with it (Apple); an account's stays, encrypted. Under mu.
func (d *Device) signOut() {
	u := d.vol.current
	if u == nil {
		return
	}
	d.vol.current, d.vol.locked = nil, false
	d.line.setOpen(fmt.Sprintf("%x", u.address.token), false)
	if u.guest() {
		d.vol.dropUser(u)
	}
}

// deleteUser deletes users' volumes: the named one's, or everybody's who is not signed in.
func deleteUser(d *Device, _ *conversation, cmd dict) result {
	if d.opt.Kind != Shared {
		return failed(codeUnknownCommand, "DeleteUser is for Shared iPad")
	}
	if cmd.bool("DeleteAllUsers") {
		return d.deleteAll(cmd.bool("ForceDeletion"))
	}
	name := cmd.str("UserName")
	if name == "" {
		return formatError()
	}
	u := d.vol.user(name)
	switch {
	case u == nil:
		return failed(codeNoSuchUser, "no such user")
	case u == d.vol.current:
		return failed(codeUserSignedIn, "the user is logged in")
	case u.hasDataToSync(d.now()) && !cmd.bool("ForceDeletion"):
		return failed(codeUserHasData, "the user has data to sync")
	}
	d.deleteVolume(u)
	return acknowledged(nil)
}

func (d *Device) deleteAll(force bool) result {
	for _, u := range append([]*account(nil), d.vol.users...) {
		if u == d.vol.current || u.hasDataToSync(d.now()) && !force {
			return failed(codeDeleteFailed, "not every user could be deleted")
		}
		d.deleteVolume(u)
	}
	return acknowledged(nil)
}

func (d *Device) deleteVolume(u *account) {
	d.line.retire(fmt.Sprintf("%x", u.address.token))
	delete(d.vol.reports, u.name)
	d.vol.dropUser(u)
}

// userList names accounts. Whether a guest appears is not documented; here none does.
func userList(d *Device, _ *conversation, _ dict) result {
	if d.opt.Kind != Shared {
		return failed(codeUnknownCommand, "UserList is for Shared iPad")
	}
	users := []any{}
	for _, u := range d.vol.users {
		if u.guest() {
			continue
		}
		users = append(users, map[string]any{
			"UserName": u.name, "IsLoggedIn": u == d.vol.current, "HasDataToSync": u.hasDataToSync(d.now()),
			"DataQuota": d.opt.Quota, "DataUsed": int64(len(u.canaries)) << 20,
		})
	}
	return acknowledged(dict{"Users": users})
}
