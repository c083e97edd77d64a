package awssim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// ErrNoMoto says that moto is not installed.
var ErrNoMoto = errors.New("moto is not installed")

// StartMoto starts moto_server on a free port of this computer and gives its
// URL: somebody else's idea of AWS, to hold ours to. It ends with ctx.
func StartMoto(ctx context.Context) (url string, err error) {
	path, err := exec.LookPath("moto_server")
	if err != nil {
		return "", ErrNoMoto
	}
	cmd := exec.CommandContext(ctx, path, "-H", "127.0.0.1", "-p", "0")
	cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", err
	}
	return servedAt(cmd, log)
}

// servedAt is the URL in the log of a server that has just started. The rest of
// the log is thrown away, so that it does not fill the pipe.
func servedAt(cmd *exec.Cmd, log io.Reader) (url string, err error) {
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "Running on "); ok {
			go func() {
				_, _ = io.Copy(io.Discard, log)
				_ = cmd.Wait()
			}()
			return strings.TrimSpace(url), nil
		}
		said = append(said, lines.Text())
	}
	return "", fmt.Errorf("moto does not start: %w: %q", cmd.Wait(), said)
}
