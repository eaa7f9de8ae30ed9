package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/padwarden/padwarden/server/custody"
)

// Options say which Redis to use.
type Options struct {
	// URL is redis:// or rediss:// (TLS), [user:password@]host:port[/db].
	// ?addr=host:port, repeated, names further nodes of a Redis Cluster,
	// ?cluster=true says so for a single address, and ?master=name makes the
	// addresses Sentinels of that master. Empty: a trial Redis inside this
	// process, which forgets everything when it stops.
	URL string
	// Trial: what URL names is a Redis in memory that evicts nothing and has no
	// CONFIG to say so.
	Trial bool
	// Logger is slog.Default() if nil.
	Logger *slog.Logger
	// Poll is how often Follow reads the feed; 0 means every 100 ms.
	Poll time.Duration
	// Timeout is the longest wait for a connection or an answer; 0 means 2 s,
	// and a tap should not wait longer for a Redis that is gone.
	Timeout time.Duration
}

// Open makes a Live. It does not wait for Redis: [Live.Ready] says whether it
// can be used. Until Adopt or Expect names the buckets' ids, everything about
// devices answers ErrLost.
func Open(_ context.Context, o Options) (*Live, error) {
	l := &Live{log: o.Logger, hub: newHub(), poll: o.Poll, inMemory: o.Trial}
	if l.log == nil {
		l.log = slog.Default()
	}
	if l.poll <= 0 {
		l.poll = 100 * time.Millisecond
	}
	at := o.URL
	if at == "" {
		t, err := startTrial()
		if err != nil {
			return nil, fmt.Errorf("starting the trial Redis: %w", err)
		}
		l.trial, at = t, t.url
		l.log.Warn("No Redis was given: session state is kept inside this process and is lost when it stops. " +
			"Open sessions are locked by every restart. For trials only.")
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	opts, err := clientOptions(at, o.Timeout)
	if err != nil {
		_ = l.trial.stop()
		return nil, err
	}
	l.rdb = redis.NewUniversalClient(opts)
	if _, cluster := l.rdb.(*redis.ClusterClient); !cluster {
		l.gather = newGatherer(l.rdb, o.Timeout)
	}
	return l, nil
}

// clientOptions turns a URL into options under which no write is repeated
// blindly and no call outlives its context.
func clientOptions(at string, timeout time.Duration) (*redis.UniversalOptions, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, errors.New("the Redis URL cannot be read") // the parser's error repeats the password
	}
	q := u.Query()
	more, master, cluster := q["addr"], q.Get("master"), q.Get("cluster") == "true"
	for _, ours := range []string{"addr", "master", "cluster"} {
		q.Del(ours)
	}
	u.RawQuery = q.Encode()
	one, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, fmt.Errorf("the Redis URL %s cannot be used: %w", u.Redacted(), err)
	}
	return &redis.UniversalOptions{
		Addrs: append([]string{one.Addr}, more...), MasterName: master, IsClusterMode: cluster,
		DB: one.DB, Username: one.Username, Password: one.Password, TLSConfig: one.TLSConfig,

		// A write that was cut off may have been done, so it is not sent again.
		// (A cluster client still follows redirections, and may repeat a command
		// whose node broke off. All but Owe, Settle and Count bear that.)
		// The default's five dials make a dead Redis slow to be noticed.
		MaxRetries: -1, DialerRetries: 1,
		ContextTimeoutEnabled: true,
		DialTimeout:           timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}, nil
}

// Trial reports whether this is the Redis inside this process.
func (l *Live) Trial() bool { return l.trial != nil }

// Close ends the client, every subscription, and the trial Redis if there is
// one. Follow must have been ended by its context before.
func (l *Live) Close() error {
	l.hub.close()
	l.gather.close()
	return errors.Join(l.rdb.Close(), l.trial.stop())
}

// Ready reports whether Redis answers and is set never to evict: with any
// other policy it would drop sessions and counters when memory runs short. The
// error is ErrUnavailable and reads as a sentence.
func (l *Live) Ready(ctx context.Context) error {
	check := func(ctx context.Context, c redis.UniversalClient) error {
		if err := c.Ping(ctx).Err(); err != nil {
			return failed(err, "Redis does not answer")
		}
		if l.trial != nil || l.inMemory {
			return nil // it evicts nothing, and has no CONFIG to say so
		}
		policy, err := evictionPolicy(ctx, c)
		if err != nil {
			return err
		}
		if policy != "noeviction" {
			return fmt.Errorf("%w: Redis may evict session state: maxmemory-policy is %q, set it to noeviction", custody.ErrUnavailable, policy)
		}
		return nil
	}
	if cluster, ok := l.rdb.(*redis.ClusterClient); ok {
		err := cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return check(ctx, c) })
		return failed(err, "a node of the cluster is not ready")
	}
	return check(ctx, l.rdb)
}

// evictionPolicy asks CONFIG, and INFO where a managed service refuses CONFIG.
func evictionPolicy(ctx context.Context, c redis.UniversalClient) (string, error) {
	set, refused := c.ConfigGet(ctx, "maxmemory-policy").Result()
	if policy, ok := set["maxmemory-policy"]; refused == nil && ok {
		return policy, nil
	}
	var answer redis.Error
	if refused != nil && !errors.As(refused, &answer) {
		return "", failed(refused, "reading Redis' maxmemory-policy")
	}
	info, err := c.Info(ctx, "memory").Result()
	if err == nil {
		for line := range strings.Lines(info) {
			if policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok {
				return policy, nil
			}
		}
	}
	return "", fmt.Errorf("%w: this Redis refuses CONFIG GET, as managed services do, and INFO does not name its maxmemory-policy either: "+
		"allow one of them, so that noeviction can be checked (%w)", custody.ErrUnavailable, errors.Join(refused, err))
}
