package main

// row is one figure that is held to something. Its benchmark reports what is
// ours and, where there is one, what it is put beside, both taken in turn in
// the same run.
type row struct {
	Name    string
	Package string
	Bench   string  // the whole name of the benchmark, without "Benchmark"
	Ours    string  // the unit it reports ours in
	What    string  // what is measured, and how durable ours is
	Goal    float64 // for ours itself, where there is nothing beside it
	Against []against
	AtMost  bool     // what is held to the goal is at most that; otherwise at least
	Also    []string // units that are reported and shown, and held to nothing
	Rounds  int      // how often the benchmark is run; 0: five. One that has rounds of its own: 1
	Time    string   // -benchtime; empty: 1s
	Needs   string   // a program without which it cannot be taken
	Cores   int      // fewer of them measure something else
}

// against is a peer or a floor.
type against struct {
	Unit string  // the unit that the benchmark reports it in
	Who  string  // which it is, and how durable
	Goal float64 // for ours divided by it
	// Optional: without it, the others are still taken.
	Optional bool
}

// rows are all of them, in the order in which they are taken.
var rows = []row{
	// The guard stands in front of every connect. A stock server answers an idle
	// one in about 216 µs, so the guard may take a tenth of that, and half as
	// much again for noise.
	{Name: "guard", Package: "./server/mdm/plistguard", Bench: "CheckIdle", Ours: "ns/op", Goal: 32000, AtMost: true},

	// What people wait for at the pages.
	{Name: "pool-paint", Package: "./server/app", Bench: "PoolFirstPaint", Ours: "paint-ms", Goal: 1000, AtMost: true, Time: "5x", Rounds: 1, Needs: "chromium"},
	{Name: "pool-update", Package: "./server/app", Bench: "PoolUpdate", Ours: "p99-ms", Goal: 200, AtMost: true, Time: "60x", Rounds: 1, Needs: "chromium"},
	{Name: "pool-viewers", Package: "./server/app", Bench: "PoolViewers", Ours: "p99-ms", Goal: 1000, AtMost: true, Time: "1x", Rounds: 1, Needs: "chromium"},
	{Name: "kiosk-weight", Package: "./server/app", Bench: "KioskWeight", Ours: "bytes", Goal: 60_000, AtMost: true, Time: "1x", Rounds: 1},

	// Eight weeks of a ward of 2,000 iPads, as the page of its use reads them: on a
	// quiet machine well under a second; nobody waits for two.
	{Name: "use-history", Package: "./server/ledger", Bench: "Use/SQLite/56days", Ours: "ns/op", Goal: 2e9, AtMost: true, Time: "3x", Rounds: 1},

	// After lunch everyone's iPad goes idle. SQLite answers a commit when it is on
	// the disk (synchronous FULL); Redis has no append-only file, on both sides.
	{Name: "idle-lag", Package: "./server/steward", Bench: "IdleLag", Ours: "p99-ms", Goal: 250, AtMost: true,
		What: "from a session's deadline to its committed lock and the nudge, 100,000 sessions open and 300 ending in a second; SQLite synchronous FULL",
		Also: []string{"p50-ms", "most-ms"}, Time: "1x", Rounds: 1},
	{Name: "lock-storm", Package: "./server/steward", Bench: "LockStorm", Ours: "storm-ms", AtMost: true,
		What:    "10,000 sessions idle at one moment: from their deadline to the last lock that is committed, published and nudged; SQLite synchronous FULL",
		Against: []against{{Unit: "bare-ms", Who: "the same compare-and-sets and history in equal groups and one pipelined EVALSHA each, bare; SQLite synchronous FULL", Goal: 2}},
		Also:    []string{"acked-ms"}, Time: "1x", Rounds: 1},

	// What grows with the hospital.
	{Name: "growth-claim", Package: "./server/steward", Bench: "GrowthClaim", Ours: "claim-µs-100k", AtMost: true,
		What:    "a claim among 100,000 devices, 16 at once; SQLite synchronous FULL",
		Against: []against{{Unit: "claim-µs-1k", Who: "the same among 1,000", Goal: 1.3}},
		Also:    []string{"claim-µs-10k"}, Time: "1000x", Rounds: 1},
	{Name: "growth-touch", Package: "./server/steward", Bench: "GrowthTouch", Ours: "touch-µs-100k", AtMost: true,
		What:    "a touch among 100,000 open sessions, 16 at once; Redis without an append-only file",
		Against: []against{{Unit: "touch-µs-1k", Who: "the same among 1,000", Goal: 1.3}},
		Also:    []string{"touch-µs-10k"}, Time: "16000x", Rounds: 1},
	{Name: "memory", Package: "./server/steward", Bench: "SessionMemory", Ours: "session-bytes", Goal: 3 << 10, AtMost: true,
		What: "an open session at 100,000, in Redis by its own account and in the server by its resident memory",
		Also: []string{"redis-bytes", "server-bytes"}, Time: "1x", Rounds: 1},
}
