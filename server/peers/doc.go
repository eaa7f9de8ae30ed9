// Package peers puts padwarden, as the process that a hospital runs, beside what
// an administrator would otherwise run: stock NanoMDM, in memory and on
// PostgreSQL. It has benchmarks only.
//
// All servers get the same messages of the same simulated devices under the same
// certificates. Each server and its stores run on the first core, the load on
// the others; padwarden's stores are its defaults, SQLite with synchronous FULL
// and a Redis that appends to its file every second.
package peers
