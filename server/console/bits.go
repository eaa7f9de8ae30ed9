package console

// bits is a set of slots: small, whatever a viewer sees.
type bits []uint64

func (b *bits) set(n int) {
	for len(*b) <= n/64 {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b bits) clear(n int) { b[n/64] &^= 1 << (n % 64) }

func (b bits) is(n int) bool { return n/64 < len(b) && b[n/64]&(1<<(n%64)) != 0 }
