// Package profiles holds the compliance baselines that configuration profiles
// are rendered from, as data that an administrator can read.
//
// There are no text templates here. A profile holds names and secrets that
// others typed, which a template would put into XML as they are: encode renders
// typed payloads, which cannot come out malformed, from this data.
package profiles

import "embed"

// FS holds restrictions.json: a list of rules, each a key of Apple's
// "Restrictions" payload with the value that the baseline asks for, its source,
// and the devices where it is sent.
//
//   - source: "cis-1" (CIS Apple iOS and iPadOS Benchmark, level 1, by way of
//     NIST's macOS Security Compliance Project), "cis-2" (its level 2, sent to
//     wards whose policy names that baseline, besides level 1) or "ward" (ours)
//   - since: the iOS version that brought the key, where that is newer than 17.0
//   - fleets: the fleet kinds it is sent to; absent: all of them
//   - target: the one lock target it is sent to; absent: all of them
//   - left_out: it is not sent at all
//   - why: the reason of a choice of fleets, target or left_out, or of a rule of ours
//
//go:embed restrictions.json
var FS embed.FS
