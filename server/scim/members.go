package scim

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/scim2/filter-parser/v2"

	"github.com/padwarden/padwarden/server/ledger"
)

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
