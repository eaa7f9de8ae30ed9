-- KEYS gen, feed; ARGV id, device, ward, kind
feed(KEYS[2], ARGV[2], ARGV[3], ARGV[4])
return 1
