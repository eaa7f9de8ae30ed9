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
	{Name: "pool-viewers", Package: "./server/app", Bench: "PoolViewers", Ours: "p99-ms", Goal: 1000, AtMost: true, Time: "1x", Rounds: 1, Needs: "chromium"},
	{Name: "kiosk-weight", Package: "./server/app", Bench: "KioskWeight", Ours: "bytes", Goal: 60_000, AtMost: true, Time: "1x", Rounds: 1},

	// Eight weeks of a ward of 2,000 iPads, as the page of its use reads them: on a
	// quiet machine well under a second; nobody waits for two.
	{Name: "use-history", Package: "./server/ledger", Bench: "Use/SQLite/56days", Ours: "ns/op", Goal: 2e9, AtMost: true, Time: "3x", Rounds: 1},
}
