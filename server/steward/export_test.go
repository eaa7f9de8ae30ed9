package steward

// MirrorOf is a row as live keeps it.
var MirrorOf = mirror
