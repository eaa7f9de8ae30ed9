package live

import (
	"fmt"
	"strconv"
	"time"
)

// reply reads a script's array reply from front to back. The first mismatch is
// kept in err, so that a reader checks once at the end.
type reply struct {
	values []any
	err    error
}

func read(v any, err error) *reply {
	if err != nil {
		return &reply{err: err}
	}
	values, ok := v.([]any)
	if !ok {
		return &reply{err: fmt.Errorf("script answered %T, not an array", v)}
	}
	return &reply{values: values}
}

func (r *reply) more() bool { return r.err == nil && len(r.values) > 0 }

func (r *reply) next() any {
	if r.err != nil {
		return nil
	}
	if len(r.values) == 0 {
		r.err = fmt.Errorf("script answered too little")
		return nil
	}
	v := r.values[0]
	r.values = r.values[1:]
	return v
}

// text reads a string; what Redis does not have is empty.
func (r *reply) text() string {
	switch v := r.next().(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	default:
		return ""
	}
}

// number reads an integer; what Redis does not have is 0.
func (r *reply) number() int64 {
	switch v := r.next().(type) {
	case int64:
		return v
	case string:
		if v == "" {
			return 0
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("script answered %q, not a number", v)
		}
		return n
	default:
		return 0
	}
}

func (r *reply) flag() bool { return r.number() == 1 }

// when reads a time in ms; 0 is the zero time.
func (r *reply) when() time.Time { return fromMillis(r.number()) }

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// toMillis is the inverse of fromMillis. A time before 1970 is long due, not never.
func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(t.UnixMilli(), 1)
}

// span returns d in whole ms. A span above 0 never becomes 0, which would mean never.
func span(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
