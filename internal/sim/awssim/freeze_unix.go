//go:build unix

package awssim

import (
	"os"
	"syscall"
)

func stopProcess(p *os.Process)     { _ = p.Signal(syscall.SIGSTOP) }
func continueProcess(p *os.Process) { _ = p.Signal(syscall.SIGCONT) }
