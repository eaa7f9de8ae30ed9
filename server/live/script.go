package live

import (
	"context"
	_ "embed"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

// Each script is one file; gate.lua and wake.lua go in front of those that need them.
var (
	//go:embed scripts/gate.lua
	gateLua string
	//go:embed scripts/wake.lua
	wakeLua string

	//go:embed scripts/publish.lua
	publishLua string
	//go:embed scripts/restrict.lua
	restrictLua string
	//go:embed scripts/touch.lua
	touchLua string
	//go:embed scripts/claim.lua
	claimLua string
	//go:embed scripts/read.lua
	readLua string
	//go:embed scripts/moment.lua
	momentLua string
	//go:embed scripts/owe.lua
	oweLua string
	//go:embed scripts/owed.lua
	owedLua string
	//go:embed scripts/settle.lua
	settleLua string
	//go:embed scripts/say.lua
	sayLua string
	//go:embed scripts/keep_push.lua
	keepPushLua string
	//go:embed scripts/push.lua
	pushLua string
	//go:embed scripts/beat.lua
	beatLua string
	//go:embed scripts/adopt.lua
	adoptLua string
	//go:embed scripts/count.lua
	countLua string
)

var (
	publishScript  = redis.NewScript(gateLua + wakeLua + publishLua)
	restrictScript = redis.NewScript(gateLua + wakeLua + restrictLua)
	touchScript    = redis.NewScript(gateLua + wakeLua + touchLua)
	claimScript    = redis.NewScript(gateLua + wakeLua + claimLua)
	sayScript      = redis.NewScript(gateLua + wakeLua + sayLua)
	readScript     = redis.NewScript(gateLua + readLua)
	momentScript   = redis.NewScript(gateLua + momentLua)
	oweScript      = redis.NewScript(gateLua + oweLua)
	owedScript     = redis.NewScript(gateLua + owedLua)
	settleScript   = redis.NewScript(gateLua + settleLua)
	keepPushScript = redis.NewScript(gateLua + keepPushLua)
	pushScript     = redis.NewScript(gateLua + pushLua)

	beatScript  = redis.NewScript(beatLua)
	adoptScript = redis.NewScript(adoptLua)
	countScript = redis.NewScript(countLua)
)

// call is one run of a script on one bucket.
type call struct {
	script *redis.Script
	keys   []string
	args   []any
}

// gated is a call that names a device: the bucket's identity goes in front of
// its keys, the id it must have in front of its arguments and the least beat
// behind them. It answers ErrLost at once where no id is known yet.
func (l *Live) gated(b *bucket, s *redis.Script, keys []string, args ...any) (call, error) {
	id, beat := l.expect(b.n)
	if id == "" {
		return call{}, custody.ErrLost
	}
	return call{script: s, keys: append([]string{b.gen}, keys...), args: append(append([]any{id}, args...), beat)}, nil
}

// run runs one script in one round trip, or two if Redis does not know it yet.
func (l *Live) run(ctx context.Context, c call) (any, error) {
	return l.runCmd(ctx, c).Result()
}

func (l *Live) runCmd(ctx context.Context, c call) *redis.Cmd {
	cmd := ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.Cmd {
		return c.script.EvalSha(ctx, r, c.keys, c.args...)
	})
	if !unknown(cmd.Err()) {
		return cmd
	}
	return ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.Cmd {
		return c.script.Eval(ctx, r, c.keys, c.args...)
	})
}

// unknown: Redis does not know the script, and has done nothing.
func unknown(err error) bool {
	return errors.Is(err, redis.ErrNoScript) || redis.HasErrorPrefix(err, "NOSCRIPT")
}

// runGated is gated and run.
func (l *Live) runGated(ctx context.Context, b *bucket, s *redis.Script, keys []string, args ...any) (any, error) {
	c, err := l.gated(b, s, keys, args...)
	if err != nil {
		return nil, err
	}
	return l.run(ctx, c)
}

// runAll runs the calls in one pipeline and returns a reply for each, with its
// own error. A pipelined EVALSHA does not survive a flush of the script cache:
// those that Redis did not know have done nothing, so they, and only they, are
// sent again with their source.
func (l *Live) runAll(ctx context.Context, calls []call) []*redis.Cmd {
	if len(calls) == 0 {
		return nil
	}
	if len(calls) == 1 {
		return []*redis.Cmd{l.runCmd(ctx, calls[0])}
	}
	replies := make([]*redis.Cmd, len(calls))
	_, _ = l.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each reply has its own error
		for i, c := range calls {
			replies[i] = c.script.EvalSha(ctx, p, c.keys, c.args...)
		}
		return nil
	})
	var again []int
	for i, r := range replies {
		if unknown(r.Err()) {
			again = append(again, i)
		}
	}
	if len(again) == 0 {
		return replies
	}
	_, _ = l.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, i := range again {
			replies[i] = calls[i].script.Eval(ctx, p, calls[i].keys, calls[i].args...)
		}
		return nil
	})
	return replies
}

// each runs n calls in one pipeline, and returns what each answered. One that
// cannot be made is not sent.
func (l *Live) each(ctx context.Context, n int, of func(i int) (call, error)) (answers []any, errs []error) {
	answers, errs = make([]any, n), make([]error, n)
	var calls []call
	var sent []int
	for i := range n {
		c, err := of(i)
		if err != nil {
			errs[i] = err
			continue
		}
		calls, sent = append(calls, c), append(sent, i)
	}
	for k, r := range l.runAll(ctx, calls) {
		answers[sent[k]], errs[sent[k]] = r.Result()
	}
	return answers, errs
}
