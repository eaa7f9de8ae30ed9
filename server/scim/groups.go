package scim

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/scim2/filter-parser/v2"

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

// memberIDs reads the members of a value.
func memberIDs(value any) (ids []string, err error) {
	list, ok := value.([]any)
	if !ok && value != nil {
		list = []any{value}
	}
	for _, m := range list {
		attributes, ok := m.(map[string]any)
		if !ok {
			return nil, invalid("A member must have a value.")
		}
		id, ok := attributes["value"].(string)
		if !ok || id == "" {
			return nil, invalid("A member must have a value.")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// alteration is one change of a group, decided before it is read.
type alteration func(*ledger.DirectoryGroup)

func shownName(value any) (string, error) {
	name, ok := value.(string)
	name = strings.TrimSpace(name)
	if !ok || name == "" || utf8.RuneCountInString(name) > maxShown || strings.ContainsFunc(name, unicode.IsControl) {
		return "", invalid("displayName must be a string of 1 to 200 characters.")
	}
	return name, nil
}

// named alters one attribute.
func named(attribute string, op string, value any) (alteration, error) {
	switch attribute {
	case "displayname":
		name, err := shownName(value)
		return func(g *ledger.DirectoryGroup) { g.Name = name }, err
	case "externalid":
		external, ok := value.(string)
		if !ok || utf8.RuneCountInString(external) > maxShown || strings.ContainsFunc(external, unicode.IsControl) {
			return nil, invalid("externalId must be a string of at most 200 characters.")
		}
		return func(g *ledger.DirectoryGroup) { g.External = external }, nil
	case "members":
		ids, err := memberIDs(value)
		return func(g *ledger.DirectoryGroup) {
			if op == elimity.PatchOperationReplace {
				g.Members = nil
			}
			g.Members = append(g.Members, ids...)
		}, err
	}
	return func(*ledger.DirectoryGroup) {}, nil
}

// removed takes members off: those of a value (Entra ID), of a filter (Okta), or all.
func removed(path *filter.Path, value any) (alteration, error) {
	if !strings.EqualFold(path.AttributePath.AttributeName, "members") {
		if strings.EqualFold(path.AttributePath.AttributeName, "displayName") {
			return nil, scimerrors.ScimErrorMutability
		}
		return func(*ledger.DirectoryGroup) {}, nil
	}
	ids, err := memberIDs(value)
	if err != nil {
		return nil, err
	}
	if path.ValueExpression != nil {
		e, ok := path.ValueExpression.(*filter.AttributeExpression)
		id, text := "", false
		if ok {
			id, text = e.CompareValue.(string)
		}
		if !text || e.Operator != filter.EQ || !strings.EqualFold(e.AttributePath.AttributeName, "value") {
			return nil, scimerrors.ScimErrorNoTarget
		}
		ids = append(ids, id)
	} else if value == nil {
		return func(g *ledger.DirectoryGroup) { g.Members = nil }, nil
	}
	return func(g *ledger.DirectoryGroup) {
		g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return slices.Contains(ids, m) })
	}, nil
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

// alterations are what one operation of a PATCH does.
func alterations(o elimity.PatchOperation) (all []alteration, err error) {
	switch {
	case o.Op == elimity.PatchOperationRemove && o.Path != nil:
		a, err := removed(o.Path, o.Value)
		return []alteration{a}, err
	case o.Path != nil && o.Path.ValueExpression != nil:
		return nil, scimerrors.ScimErrorNoTarget // a member has nothing to change
	case o.Path != nil:
		a, err := named(strings.ToLower(o.Path.AttributePath.AttributeName), o.Op, o.Value)
		return []alteration{a}, err
	}
	attributes, ok := o.Value.(map[string]any)
	if !ok {
		return nil, invalid("The value must be attributes.")
	}
	for key, value := range attributes {
		a, err := named(strings.ToLower(key), o.Op, value)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
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
