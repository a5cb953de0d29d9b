package feature

// KeepParts has every pass with a cache folder kept in parts of one batch, until
// the function that it returns is called.
func KeepParts() (restore func()) {
	from, every := keptFrom, partEvery
	keptFrom, partEvery = 0, 0
	return func() { keptFrom, partEvery = from, every }
}
