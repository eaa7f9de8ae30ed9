package scim

import (
	"strings"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/scim2/filter-parser/v2"
)

// equals reads a filter of the one kind that is answered: an attribute that
// equals a string. It answers the attribute in lower case; "" without a filter.
func equals(p elimity.ListRequestParams) (attribute, value string, err error) {
	if p.FilterValidator == nil {
		return "", "", nil
	}
	e, ok := p.FilterValidator.GetFilter().(*filter.AttributeExpression)
	if !ok || e.Operator != filter.EQ || e.AttributePath.SubAttributeName() != "" {
		return "", "", scimerrors.ScimErrorInvalidFilter
	}
	value, ok = e.CompareValue.(string)
	if !ok {
		return "", "", scimerrors.ScimErrorInvalidFilter
	}
	return strings.ToLower(e.AttributePath.AttributeName), value, nil
}
