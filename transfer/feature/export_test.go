package feature

// KeepParts makes every pass with a cache folder save parts of one batch, until the
// returned function is called.
func KeepParts() (restore func()) {
	from, every := keptFrom, partEvery
	keptFrom, partEvery = 0, 0
	return func() { keptFrom, partEvery = from, every }
}

// KeepShares makes WriteShare save its features after every batch, until the returned
// function is called.
func KeepShares() (restore func()) {
	every := keptEvery
	keptEvery = 0
	return func() { keptEvery = every }
}

// ParseShardFile parses a feature file in memory. With ignoreDigest it does not check
// the digest.
func ParseShardFile(b []byte, ignoreDigest bool) error {
	_, err := parseShard(b, nil, ignoreDigest)
	return err
}
