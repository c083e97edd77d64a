//go:build race

package awssim

// raceEnabled says whether this program was built with the race detector.
const raceEnabled = true
