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

	// What devices ask of a server, as a process beside stock NanoMDM, each with its
	// stores on one core.
	{Name: "mdm-idle", Package: "./server/peers", Bench: "Idle", Ours: "padwarden-connects/s", Rounds: 1, Time: "2000x", Cores: 2, Needs: "redis-server",
		What: "idle connects, 16 at once, every signature verified (SQLite, synchronous FULL; redis-server with its file)",
		Against: []against{
			{Unit: "inmem-connects/s", Who: "stock NanoMDM v0.9.0 in memory (not durable)", Goal: 1.5},
			{Unit: "postgres-connects/s", Who: "stock NanoMDM v0.9.0 on PostgreSQL (durable)", Goal: 6, Optional: true}}},
	{Name: "mdm-roundtrip", Package: "./server/peers", Bench: "RoundTrip", Ours: "padwarden-cpu-µs", AtMost: true, Rounds: 1, Time: "500x", Cores: 2, Needs: "redis-server",
		What: "processors' time of a server and its stores for a command that is asked for, fetched and answered (SQLite, synchronous FULL; redis-server)",
		Against: []against{
			{Unit: "inmem-cpu-µs", Who: "stock NanoMDM v0.9.0 in memory (not durable)", Goal: 1},
			{Unit: "postgres-cpu-µs", Who: "stock NanoMDM v0.9.0 on PostgreSQL (durable)", Goal: 0.25, Optional: true}}},
	{Name: "mdm-enrol", Package: "./server/peers", Bench: "Enrol", Ours: "padwarden-enrolments/s", Rounds: 1, Time: "300x", Cores: 2, Needs: "redis-server",
		What: "enrolments, Authenticate and TokenUpdate under a certificate, 16 at once (SQLite, synchronous FULL; redis-server)",
		Against: []against{
			{Unit: "inmem-enrolments/s", Who: "stock NanoMDM v0.9.0 in memory (not durable)", Goal: 0.8},
			{Unit: "postgres-enrolments/s", Who: "stock NanoMDM v0.9.0 on PostgreSQL (durable)", Goal: 4, Optional: true}}},
	{Name: "mdm-memory", Package: "./server/peers", Bench: "Memory", Ours: "padwarden-MiB", AtMost: true, Rounds: 1, Time: "1x", Cores: 2, Needs: "redis-server",
		What:    "the most memory that the server itself had, after 500 devices connected twenty times and did three commands",
		Against: []against{{Unit: "inmem-MiB", Who: "stock NanoMDM v0.9.0 in memory (not durable)", Goal: 1.5}}},

	// What a shift change asks of a server, over the whole of it.
	{Name: "touch", Package: "./server/app", Bench: "Touches", Ours: "touches/s", Rounds: 1, Time: "8000x",
		What:    "touches as the page tells them, over HTTP from 64 at once, to a session in redis-server (kept in memory)",
		Against: []against{{Unit: "bare/s", Who: "a bare fiber handler with one EVALSHA of as many keys and arguments, on the same Redis", Goal: 0.8}}},
	{Name: "claim", Package: "./server/steward", Bench: "Claims", Ours: "claims/s", Rounds: 1, Time: "4000x",
		What:    "badge-ins without the PIN's hash, 64 at once: decided, committed with history (SQLite, synchronous FULL, grouped), the session opened in redis-server",
		Against: []against{{Unit: "bare/s", Who: "the same compare-and-set and history row, prepared and grouped alike (SQLite, synchronous FULL), and one EVALSHA", Goal: 0.6}}},
	{Name: "pin", Package: "./server/app", Bench: "PINs", Ours: "signins/s", Rounds: 1, Time: "80x",
		What:    "badge-ins with PIN over HTTP: the page's state, the tap, the PIN and the session (SQLite, synchronous FULL; redis-server)",
		Against: []against{{Unit: "argon2id/s", Who: "argon2id alone at the same cost, as many at once as there are cores", Goal: 0.9}}},
	{Name: "passkey", Package: "./server/app", Bench: "PasskeySignIns", Ours: "signins/s", Rounds: 1, Time: "400x", Also: []string{"identity/s"},
		What:    "sign-ins by passkey over HTTP, begin and finish, with the session (SQLite, synchronous FULL; redis-server); the key's own work left out",
		Against: []against{{Unit: "validations/s", Who: "go-webauthn's validation alone, of answers made ahead", Goal: 0.7}}},

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
	{Name: "growth-connect", Package: "./server/peers", Bench: "Growth", Ours: "connect-µs-100k", AtMost: true, Cores: 2, Needs: "redis-server",
		What:    "an idle connect to a server of 100,000 devices, 16 at once (SQLite, synchronous FULL; redis-server)",
		Against: []against{{Unit: "connect-µs-1k", Who: "the same to a server of 1,000", Goal: 1.3}},
		Also:    []string{"connect-µs-10k"}, Time: "2000x", Rounds: 1},
	{Name: "memory", Package: "./server/steward", Bench: "SessionMemory", Ours: "session-bytes", Goal: 3 << 10, AtMost: true,
		What: "an open session at 100,000, in Redis by its own account and in the server by its resident memory",
		Also: []string{"redis-bytes", "server-bytes"}, Time: "1x", Rounds: 1},
}
