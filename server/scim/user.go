package scim

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"

	"github.com/padwarden/padwarden/server/ledger"
)

// wanted is what a request says of a user; nil where it says nothing.
type wanted struct {
	userName, external, display, formatted, given, family *string
	active                                                *bool
}

// set takes up one attribute, by its path in lower case. What is not kept is
// passed over.
func (w *wanted) set(path string, value any) error {
	text := func(to **string) error {
		s, ok := value.(string)
		if !ok {
			return invalid("The value of " + path + " must be a string.")
		}
		*to = &s
		return nil
	}
	switch path {
	case "username":
		return text(&w.userName)
	case "externalid":
		return text(&w.external)
	case "displayname":
		return text(&w.display)
	case "name.formatted":
		return text(&w.formatted)
	case "name.givenname":
		return text(&w.given)
	case "name.familyname":
		return text(&w.family)
	case "active":
		b, ok := value.(bool)
		if !ok {
			return invalid("The value of active must be true or false.")
		}
		w.active = &b
	}
	return nil
}

// setAll takes up a map of attributes, the name's parts among them.
func (w *wanted) setAll(attributes map[string]any) error {
	for key, value := range attributes {
		if value == nil {
			continue
		}
		path := strings.ToLower(key)
		if parts, ok := value.(map[string]any); ok && path == "name" {
			for part, v := range parts {
				if v == nil {
					continue
				}
				if err := w.set("name."+strings.ToLower(part), v); err != nil {
					return err
				}
			}
			continue
		}
		if err := w.set(path, value); err != nil {
			return err
		}
	}
	return nil
}

// patched takes up the operations of a PATCH (RFC 7644, 3.5.2).
func patched(operations []elimity.PatchOperation) (w wanted, err error) {
	for _, o := range operations {
		path := ""
		if o.Path != nil {
			path = strings.ToLower(o.Path.AttributePath.AttributeName)
			if sub := o.Path.AttributePath.SubAttributeName(); sub != "" {
				path += "." + strings.ToLower(sub)
			}
		}
		switch {
		case o.Op == elimity.PatchOperationRemove && (path == "username" || path == "active"):
			return w, scimerrors.ScimErrorMutability // neither can be missing
		case o.Op == elimity.PatchOperationRemove && path == "externalid":
			none := ""
			w.external = &none
		case o.Op == elimity.PatchOperationRemove:
		case path == "" || path == "name":
			attributes, ok := o.Value.(map[string]any)
			if !ok {
				return w, invalid("The value must be attributes.")
			}
			if path == "name" {
				attributes = map[string]any{"name": attributes}
			}
			err = w.setAll(attributes)
		default:
			err = w.set(path, o.Value)
		}
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

// name is how the person is shown, or "" where the request does not say: one
// part of a name alone is no name to show.
func (w wanted) name() string {
	for _, s := range []*string{w.display, w.formatted} {
		if s != nil && strings.TrimSpace(*s) != "" {
			return strings.TrimSpace(*s)
		}
	}
	if w.given != nil && w.family != nil {
		return strings.TrimSpace(*w.given + " " + *w.family)
	}
	return ""
}

// Bounds of what a directory may call people, in characters.
const (
	maxUserName = 100
	maxShown    = 200
)

// check refuses what cannot be written.
func (w wanted) check() error {
	for _, f := range []struct {
		name   string
		value  *string
		most   int
		needed bool
	}{{"userName", w.userName, maxUserName, true}, {"externalId", w.external, maxShown, false}} {
		switch {
		case f.value == nil:
		case f.needed && strings.TrimSpace(*f.value) == "":
			return invalid(f.name + " must not be empty.")
		case utf8.RuneCountInString(*f.value) > f.most, strings.ContainsFunc(*f.value, unicode.IsControl), !utf8.ValidString(*f.value):
			return invalid(f.name + " is too long, or holds control characters.")
		}
	}
	if n := w.name(); utf8.RuneCountInString(n) > maxShown || strings.ContainsFunc(n, unicode.IsControl) {
		return invalid("The name is too long, or holds control characters.")
	}
	return nil
}

// change is what has to be written so that was is as w wants it, and a
// sentence for each thing; none: it is so already.
func (w wanted) change(was ledger.DirectoryUser) (c ledger.PersonChange, says []string) {
	c.ID = was.ID
	if name := w.name(); name != "" && name != was.Name {
		c.Name = &name
		says = append(says, fmt.Sprintf("The name is %s, no longer %s.", name, cmp.Or(was.Name, "none")))
	}
	if w.active != nil && *w.active != was.Active {
		c.Active = w.active
		says = append(says, map[bool]string{true: "May sign in again.", false: "May no longer sign in; open sessions end."}[*w.active])
	}
	next := was.DirectoryName
	if w.userName != nil {
		next.UserName = strings.TrimSpace(*w.userName)
	}
	if w.external != nil {
		next.External = *w.external
	}
	next.Gone = false
	if next != was.DirectoryName || was.Created.IsZero() && (w.userName != nil || w.external != nil) {
		c.Directory = &next
		says = append(says, fmt.Sprintf("The directory calls them %s.", next.UserName))
	}
	if was.Account != "" && was.Account == was.UserName && next.UserName != was.UserName {
		c.Account = &next.UserName
		says = append(says, fmt.Sprintf("The account is %s, no longer %s.", next.UserName, was.Account))
	}
	return c, says
}

// resource is a person as a directory is answered.
func resource(u ledger.DirectoryUser) elimity.Resource {
	r := elimity.Resource{ID: u.ID, Attributes: elimity.ResourceAttributes{
		"userName": u.UserName, "displayName": u.Name, "name": map[string]any{"formatted": u.Name}, "active": u.Active,
	}}
	if u.External != "" {
		r.ExternalID = optional.NewString(u.External)
	}
	if !u.Created.IsZero() {
		r.Meta.Created, r.Meta.LastModified = &u.Created, &u.Changed
	}
	return r
}
