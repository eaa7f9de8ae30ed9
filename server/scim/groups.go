package scim

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// groups answers /Groups. A group has no more members than there are people:
// each of them must be one.
type groups struct{ *Server }

// groupResource is a group as a directory is answered.
func groupResource(g ledger.DirectoryGroup) elimity.Resource {
	members := make([]any, len(g.Members))
	for i, id := range g.Members {
		members[i] = map[string]any{"value": id, "type": "User"}
	}
	r := elimity.Resource{ID: g.ID, Attributes: elimity.ResourceAttributes{"displayName": g.Name, "members": members}}
	if g.External != "" {
		r.ExternalID = optional.NewString(g.External)
	}
	if !g.Created.IsZero() {
		r.Meta.Created, r.Meta.LastModified = &g.Created, &g.Changed
	}
	return r
}

// memberFailed: the only thing that a group's writing does not find is a member.
func (s groups) memberFailed(r *http.Request, err error) error {
	if errors.Is(err, custody.ErrNotFound) {
		return invalid("A member is nobody's id here.")
	}
	return s.failed(r, "", err)
}

func (s groups) Create(r *http.Request, attributes elimity.ResourceAttributes) (elimity.Resource, error) {
	now := s.Now()
	g := ledger.DirectoryGroup{ID: s.NewID(), Created: now, Changed: now}
	if err := alter(&g, attributes); err != nil {
		return elimity.Resource{}, err
	}
	return groupResource(g), s.memberFailed(r, s.Ledger.AddDirectoryGroup(r.Context(), g))
}

// alter takes up all attributes of a group.
func alter(g *ledger.DirectoryGroup, attributes elimity.ResourceAttributes) error {
	for key, value := range attributes {
		if value == nil {
			continue
		}
		a, err := named(strings.ToLower(key), elimity.PatchOperationReplace, value)
		if err != nil {
			return err
		}
		a(g)
	}
	g.Members = unique(g.Members)
	return nil
}

func unique(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s groups) Get(r *http.Request, id string) (elimity.Resource, error) {
	g, err := s.Ledger.DirectoryGroup(r.Context(), id)
	return s.shown(r, groupResource(g)), s.failed(r, id, err)
}

// shown leaves out the members where the directory does not want them: there
// may be thousands (RFC 7644, 3.9).
func (s groups) shown(r *http.Request, g elimity.Resource) elimity.Resource {
	for _, name := range strings.Split(r.URL.Query().Get("excludedAttributes"), ",") {
		if strings.EqualFold(strings.TrimSpace(name), "members") {
			delete(g.Attributes, "members")
		}
	}
	return g
}

func (s groups) GetAll(r *http.Request, p elimity.ListRequestParams) (elimity.Page, error) {
	attribute, value, err := equals(p)
	var name, external string
	switch {
	case err != nil:
		return elimity.Page{}, err
	case attribute == "":
	case attribute == "displayname" && value != "":
		name = value
	case attribute == "externalid" && value != "":
		external = value
	default:
		return elimity.Page{}, scimerrors.ScimErrorInvalidFilter
	}
	found, total, err := s.Ledger.DirectoryGroups(r.Context(), name, external, p.StartIndex-1, p.Count)
	page := elimity.Page{TotalResults: total, Resources: []elimity.Resource{}}
	for _, g := range found {
		resource := s.shown(r, groupResource(g))
		if _, wanted := resource.Attributes["members"]; wanted {
			if g, err = s.Ledger.DirectoryGroup(r.Context(), g.ID); err != nil {
				break
			}
			resource = groupResource(g)
		}
		page.Resources = append(page.Resources, resource)
	}
	return page, s.failed(r, "", err)
}

func (s groups) Replace(r *http.Request, id string, attributes elimity.ResourceAttributes) (elimity.Resource, error) {
	var next ledger.DirectoryGroup
	if err := alter(&next, attributes); err != nil {
		return elimity.Resource{}, err
	}
	return s.change(r, id, func(g *ledger.DirectoryGroup) {
		g.Name, g.External, g.Members = next.Name, next.External, next.Members
	})
}

func (s groups) Patch(r *http.Request, id string, operations []elimity.PatchOperation) (elimity.Resource, error) {
	var all []alteration
	for _, o := range operations {
		as, err := alterations(o)
		if err != nil {
			return elimity.Resource{}, s.failed(r, id, err)
		}
		all = append(all, as...)
	}
	return s.change(r, id, func(g *ledger.DirectoryGroup) {
		for _, a := range all {
			a(g)
		}
	})
}

func (s groups) change(r *http.Request, id string, alter alteration) (elimity.Resource, error) {
	if _, err := s.Ledger.DirectoryGroup(r.Context(), id); err != nil {
		return elimity.Resource{}, s.failed(r, id, err)
	}
	g, err := s.Ledger.ChangeDirectoryGroup(r.Context(), id, func(g *ledger.DirectoryGroup) {
		alter(g)
		g.Members, g.Changed = unique(g.Members), s.Now()
	})
	return groupResource(g), s.memberFailed(r, err)
}

func (s groups) Delete(r *http.Request, id string) error {
	return s.failed(r, id, s.Ledger.DeleteDirectoryGroup(r.Context(), id))
}
