package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// gatherer sends commands that are wanted at the same time in one pipeline:
// while some are on their way the next gather, so what a write and a read of
// the connection cost is shared by as many as there are callers, and nobody
// waits for company. A single command goes as it would without it.
//
// A Redis Cluster has none: a pipeline is done when its slowest node is, and a
// node that is away must not hold up what the others have.
type gatherer struct {
	rdb     redis.UniversalClient
	patient time.Duration // what has waited so long to be sent is not sent any more
	queue   chan *wanted
	closing chan struct{}
	ended   chan struct{}
}

// wanted is a command that somebody waits for.
type wanted struct {
	add   func(redis.Pipeliner) redis.Cmder
	since time.Time
	done  chan redis.Cmder // nil: it was not sent
}

const (
	gathered = 128 // the most in one pipeline
	lanes    = 2   // pipelines on their way together: while one is answered, another is read
)

func newGatherer(rdb redis.UniversalClient, patient time.Duration) *gatherer {
	g := &gatherer{rdb: rdb, patient: patient, queue: make(chan *wanted, 1024), closing: make(chan struct{}), ended: make(chan struct{})}
	var all sync.WaitGroup
	for range lanes {
		all.Go(g.lane)
	}
	go func() {
		all.Wait()
		close(g.ended)
	}()
	return g
}

// ask has a command done and returns it with its answer. Of one whose context
// ended it cannot be told whether Redis did it, as ever; nothing is sent twice.
func ask[C interface {
	redis.Cmder
	*T
}, T any](ctx context.Context, l *Live, want func(context.Context, redis.Cmdable) C) C {
	if l.gather == nil {
		return want(ctx, l.rdb)
	}
	// What is sent is bounded by the client's own timeouts.
	cmd, err := l.gather.do(ctx, func(p redis.Pipeliner) redis.Cmder { return want(context.Background(), p) })
	if err != nil {
		unsent := C(new(T))
		unsent.SetErr(err)
		return unsent
	}
	return cmd.(C)
}

func (g *gatherer) do(ctx context.Context, add func(redis.Pipeliner) redis.Cmder) (redis.Cmder, error) {
	w := &wanted{add: add, since: time.Now(), done: make(chan redis.Cmder, 1)}
	select {
	case g.queue <- w:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-g.closing:
		return nil, redis.ErrClosed
	}
	select {
	case cmd := <-w.done:
		return cmd, sent(cmd)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-g.ended:
	}
	select { // it may have been among the last
	case cmd := <-w.done:
		return cmd, sent(cmd)
	default:
		return nil, redis.ErrClosed
	}
}

func sent(cmd redis.Cmder) error {
	if cmd == nil {
		return errWaited
	}
	return nil
}

func (g *gatherer) lane() {
	for {
		select {
		case first := <-g.queue:
			g.send(g.gather(first))
		case <-g.closing:
			return
		}
	}
}

// gather takes first and who else waits already.
func (g *gatherer) gather(first *wanted) []*wanted {
	batch := []*wanted{first}
	for len(batch) < gathered {
		select {
		case w := <-g.queue:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

var errWaited = errors.New("Redis takes too long to answer others")

func (g *gatherer) send(batch []*wanted) {
	pipe, cmds := g.rdb.Pipeline(), make([]redis.Cmder, len(batch))
	for i, w := range batch {
		if time.Since(w.since) <= g.patient {
			cmds[i] = w.add(pipe)
		}
	}
	_, _ = pipe.Exec(context.Background()) // each command has its own error
	for i, w := range batch {
		w.done <- cmds[i]
	}
}

// close ends the lanes; what is still wanted then is answered redis.ErrClosed.
func (g *gatherer) close() {
	if g != nil {
		close(g.closing)
		<-g.ended
	}
}
