package feature

// KeepParts has every pass with a cache folder kept in parts of one batch, until
// the function that it returns is called.
func KeepParts() (restore func()) {
	from, every := keptFrom, partEvery
	keptFrom, partEvery = 0, 0
	return func() { keptFrom, partEvery = from, every }
}

// KeepShares has WriteShare keep what it has after every batch, until the function that
// it returns is called.
func KeepShares() (restore func()) {
	every := keptEvery
	keptEvery = 0
	return func() { keptEvery = every }
}

// ParseShardFile reads a feature file in memory, whatever its digest if ignored.
func ParseShardFile(b []byte, ignoreDigest bool) error {
	_, err := parseShard(b, ignoreDigest)
	return err
}
