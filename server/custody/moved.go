package custody

// moved locks a session whose holder took another iPad, where the ward has one
// at a time. It is a lock like that of idleness: nothing is lost.
func (d *decision) moved(e Moved) error {
	if d.prev.State != InUse || d.prev.Holder != e.By || d.prev.Epoch != e.Epoch {
		return ErrStale
	}
	d.startLock(CauseMoved, e.By)
	return nil
}
