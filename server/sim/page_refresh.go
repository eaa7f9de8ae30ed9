package sim

import "context"

// Refresh reads the state anew, as the page's script does after a refusal: its
// nonce is used up, and only a new state brings the next.
func (p *Page) Refresh(ctx context.Context) error {
	v, _ := p.d.watchView()
	if !v.usable {
		return errNotShown
	}
	s, err := p.state(ctx, v)
	if err != nil {
		return err
	}
	p.put(s)
	return nil
}
