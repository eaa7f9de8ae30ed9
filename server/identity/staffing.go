package identity

import (
	"context"
	"fmt"

	"github.com/padwarden/padwarden/server/ledger"
)

// Staffs returns everybody who is or was at the console, in the order of their names.
func (i *Identity) Staffs(ctx context.Context) ([]ledger.Staff, error) {
	if err := i.staffed(); err != nil {
		return nil, err
	}
	return i.Staff.Staffs(ctx)
}

// StaffNow returns a member of staff as they are at this moment; RefusedClosed
// for one who may not be here any more.
func (i *Identity) StaffNow(ctx context.Context, id string) (Staff, error) {
	return i.present(ctx, opened{Staff: id})
}

// ChangeStaff gives a member of staff another role and wards, from their next
// request on. Nobody changes their own: the last administrator would be gone.
// Of somebody who signs in at the hospital, their groups say it again at the
// next sign-in.
func (i *Identity) ChangeStaff(ctx context.Context, by Staff, id string, role Role, wards []string) error {
	if err := i.staffed(); err != nil {
		return err
	}
	if by.Owner() == "staff:"+id {
		return refusal(RefusedOneself, "Ask another administrator to change your own role.")
	}
	if err := (Staff{Name: "staff", Role: role}).validate(); err != nil {
		return err
	}
	if err := i.Staff.SetStaff(ctx, id, string(role), wards); err != nil {
		return fmt.Errorf("changing a role: %w", err)
	}
	return nil
}

// CloseStaff closes the account of a member of staff, or opens it again. Their
// sessions are over at the next request. Nobody closes their own.
func (i *Identity) CloseStaff(ctx context.Context, by Staff, id string, closed bool) error {
	if err := i.staffed(); err != nil {
		return err
	}
	if by.Owner() == "staff:"+id {
		return refusal(RefusedOneself, "Ask another administrator to close your own account.")
	}
	if err := i.Staff.SetStaffActive(ctx, id, !closed); err != nil {
		return fmt.Errorf("closing an account: %w", err)
	}
	return nil
}
