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
	{Name: "feed", Package: "./server/app", Bench: "Feed", What: "from a change that was asked for until each of 500 viewers has read the row that shows it; 200 changes a second (SQLite, synchronous FULL; redis-server)", Ours: "p99-ms", Goal: 500, AtMost: true, Also: []string{"p50-ms", "max-ms", "MB/s"}, Time: "1x", Rounds: 1, Needs: "redis-server"},
	{Name: "kiosk-weight", Package: "./server/app", Bench: "KioskWeight", Ours: "bytes", Goal: 60_000, AtMost: true, Time: "1x", Rounds: 1},

	// A server that is started again, as with every update, beside the Redis that it had.
	{Name: "start", Package: "./server", Bench: "Start", What: "from exec until /readyz says ready, 10,000 iPads in SQLite, 1,000 of them in use, redis-server with their sessions", Ours: "ready-ms", Goal: 500, AtMost: true, Also: []string{"cold-ms"}, Time: "1x", Rounds: 1, Needs: "redis-server"},

	// Eight weeks of a ward of 2,000 iPads, as the page of its use reads them: on a
	// quiet machine well under a second; nobody waits for two.
	{Name: "use-history", Package: "./server/ledger", Bench: "Use/SQLite/56days", Ours: "ns/op", Goal: 2e9, AtMost: true, Time: "3x", Rounds: 1},
}
