package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Ledger keeps the people and the groups.
type Ledger interface {
	DirectoryUser(ctx context.Context, id string) (ledger.DirectoryUser, error)
	DirectoryUsers(ctx context.Context, q ledger.DirectoryQuery, offset, limit int) (users []ledger.DirectoryUser, total int, err error)
	ChangePerson(ctx context.Context, c ledger.PersonChange) error
	AddDirectoryGroup(ctx context.Context, g ledger.DirectoryGroup) error
	ChangeDirectoryGroup(ctx context.Context, id string, change func(*ledger.DirectoryGroup)) (ledger.DirectoryGroup, error)
	DirectoryGroup(ctx context.Context, id string) (ledger.DirectoryGroup, error)
	DirectoryGroups(ctx context.Context, name, external string, offset, limit int) (groups []ledger.DirectoryGroup, total int, err error)
	DeleteDirectoryGroup(ctx context.Context, id string) error
}

// users answers /Users.
type users struct{ *Server }

func (s users) Create(r *http.Request, attributes elimity.ResourceAttributes) (elimity.Resource, error) {
	u, err := s.create(r, attributes)
	return resource(u), s.failed(r, u.ID, err)
}

func (s users) create(r *http.Request, attributes elimity.ResourceAttributes) (u ledger.DirectoryUser, err error) {
	var w wanted
	if err := w.setAll(attributes); err != nil {
		return u, err
	}
	if err := w.check(); err != nil {
		return u, err
	}
	if w.userName == nil {
		return u, invalid("userName is needed.")
	}
	same, _, err := s.Ledger.DirectoryUsers(r.Context(), ledger.DirectoryQuery{UserName: *w.userName, Gone: true}, 0, 2)
	switch {
	case err != nil:
		return u, err
	case len(same) == 1 && same[0].Gone:
		return s.bringBack(r, same[0], w)
	case len(same) > 0:
		return u, scimerrors.ScimErrorUniqueness
	}
	return s.add(r, w)
}

// add adds somebody new. Their id is the userName as it is now: ids never
// change, and people at the console know whom it means.
func (s users) add(r *http.Request, w wanted) (u ledger.DirectoryUser, err error) {
	u.ID = strings.TrimSpace(*w.userName)
	c, says := w.change(u)
	c.New = true
	if c.Name == nil {
		c.Name = &u.ID
	}
	if strings.Contains(u.ID, "@") {
		c.Account = &u.ID
	}
	active := w.active == nil || *w.active
	c.Active = &active
	_ = says // all of it is new
	if err := s.write(r, c, []string{fmt.Sprintf("Added by the directory: %s.", *c.Name)}); err != nil {
		return u, err
	}
	return s.Ledger.DirectoryUser(r.Context(), c.ID)
}

// bringBack takes on somebody whom the directory had deleted.
func (s users) bringBack(r *http.Request, was ledger.DirectoryUser, w wanted) (ledger.DirectoryUser, error) {
	if w.active == nil {
		active := true
		w.active = &active
	}
	c, says := w.change(was)
	if err := s.write(r, c, append([]string{"Brought back by the directory."}, says...)); err != nil {
		return was, err
	}
	return s.Ledger.DirectoryUser(r.Context(), was.ID)
}

// write writes a change with a line for each sentence, and has sessions end.
func (s users) write(r *http.Request, c ledger.PersonChange, says []string) error {
	c.At = s.Now()
	for _, what := range says {
		c.Deeds = append(c.Deeds, ledger.PersonDeed{By: by(r), What: what})
	}
	if err := s.Ledger.ChangePerson(r.Context(), c); err != nil {
		return fmt.Errorf("writing what a directory says: %w", err)
	}
	return nil
}

// known returns a user that the directory has not deleted.
func (s users) known(r *http.Request, id string) (ledger.DirectoryUser, error) {
	u, err := s.Ledger.DirectoryUser(r.Context(), id)
	if err == nil && u.Gone {
		err = custody.ErrNotFound
	}
	return u, err
}

func (s users) Get(r *http.Request, id string) (elimity.Resource, error) {
	u, err := s.known(r, id)
	return resource(u), s.failed(r, id, err)
}

func (s users) GetAll(r *http.Request, p elimity.ListRequestParams) (elimity.Page, error) {
	attribute, value, err := equals(p)
	var q ledger.DirectoryQuery
	switch {
	case err != nil:
		return elimity.Page{}, err
	case attribute == "":
	case attribute == "username" && value != "":
		q.UserName = value
	case attribute == "externalid" && value != "":
		q.External = value
	default:
		return elimity.Page{}, scimerrors.ScimErrorInvalidFilter
	}
	found, total, err := s.Ledger.DirectoryUsers(r.Context(), q, p.StartIndex-1, p.Count)
	page := elimity.Page{TotalResults: total, Resources: []elimity.Resource{}}
	for _, u := range found {
		page.Resources = append(page.Resources, resource(u))
	}
	return page, s.failed(r, "", err)
}

// Replace is how Okta changes people: all attributes are sent.
func (s users) Replace(r *http.Request, id string, attributes elimity.ResourceAttributes) (elimity.Resource, error) {
	var w wanted
	if err := w.setAll(attributes); err != nil {
		return elimity.Resource{}, err
	}
	u, err := s.alter(r, id, w)
	return resource(u), s.failed(r, id, err)
}

func (s users) Patch(r *http.Request, id string, operations []elimity.PatchOperation) (elimity.Resource, error) {
	w, err := patched(operations)
	if err != nil {
		return elimity.Resource{}, s.failed(r, id, err)
	}
	u, err := s.alter(r, id, w)
	return resource(u), s.failed(r, id, err)
}

func (s users) alter(r *http.Request, id string, w wanted) (ledger.DirectoryUser, error) {
	if err := w.check(); err != nil {
		return ledger.DirectoryUser{}, err
	}
	was, err := s.known(r, id)
	if err != nil {
		return was, err
	}
	if err := s.free(r, was, w); err != nil {
		return was, err
	}
	c, says := w.change(was)
	if len(says) > 0 {
		if err := s.write(r, c, says); err != nil {
			return was, err
		}
	}
	if w.active != nil && !*w.active { // also if it was so: perhaps it failed in between
		s.Ended(r.Context(), id)
	}
	return s.Ledger.DirectoryUser(r.Context(), id)
}

// free refuses a new userName that somebody has who was never named by a directory.
func (s users) free(r *http.Request, was ledger.DirectoryUser, w wanted) error {
	if w.userName == nil || strings.EqualFold(*w.userName, was.UserName) {
		return nil
	}
	same, _, err := s.Ledger.DirectoryUsers(r.Context(), ledger.DirectoryQuery{UserName: *w.userName, Gone: true}, 0, 2)
	if err != nil {
		return err
	}
	for _, u := range same {
		if u.ID != was.ID {
			return scimerrors.ScimErrorUniqueness
		}
	}
	return nil
}

// Delete deactivates, and revokes every badge: who comes back under the same
// userName need not be the same person.
func (s users) Delete(r *http.Request, id string) error {
	was, err := s.known(r, id)
	if err != nil {
		return s.failed(r, id, err)
	}
	no := false
	name := was.DirectoryName
	name.Gone = true
	err = s.write(r, ledger.PersonChange{ID: id, Active: &no, RevokeAll: true, Directory: &name},
		[]string{"Deleted in the directory: may no longer sign in, and every badge is revoked; open sessions end."})
	if err == nil {
		s.Ended(r.Context(), id)
	} else if errors.Is(err, custody.ErrConflict) {
		err = fmt.Errorf("%w: another has the same userName", custody.ErrUnavailable)
	}
	return s.failed(r, id, err)
}
