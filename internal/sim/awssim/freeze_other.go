//go:build !unix

package awssim

import "os"

// Elsewhere processes go on between invocations.
func stopProcess(*os.Process)     {}
func continueProcess(*os.Process) {}
