// Package profiles holds the compliance baselines that configuration profiles
// are rendered from, as data that an administrator can read.
package profiles

import "embed"

// FS holds restrictions.json: a list of rules, each a key of Apple's
// "Restrictions" payload with the value that the baseline asks for, its source,
// and the devices where it is sent.
//
//   - source: "cis-1" (CIS Apple iOS and iPadOS Benchmark, level 1, by way of
//     NIST's macOS Security Compliance Project) or "ward" (ours)
//   - since: the iOS version that brought the key, where that is newer than 17.0
//   - fleets: the fleet kinds it is sent to; absent: all of them
//   - target: the one lock target it is sent to; absent: all of them
//   - left_out: it is not sent at all
//   - why: the reason of a choice of fleets, target or left_out, or of a rule of ours
//
//go:embed restrictions.json
var FS embed.FS
