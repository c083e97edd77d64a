package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// prompter asks an operator, or takes line by line what stands in a file or a
// pipe.
type prompter struct {
	lines    *bufio.Reader
	terminal *os.File  // nil: nobody types
	to       io.Writer // of what is asked
}

func newPrompter(c *cobra.Command) *prompter {
	p := &prompter{lines: bufio.NewReader(c.InOrStdin()), to: c.ErrOrStderr()}
	if isTerminal(c.InOrStdin()) {
		p.terminal = c.InOrStdin().(*os.File)
	}
	return p
}

// ask gives a line without the spaces around it, or what stands for an empty
// one. No error holds what was typed.
func (p *prompter) ask(ctx context.Context, what, otherwise string) (string, error) {
	prompt := what
	if otherwise != "" {
		prompt += " [" + otherwise + "]"
	}
	line, err := p.read(ctx, prompt, func() (string, error) { return p.lines.ReadString('\n') })
	if err != nil && p.terminal != nil {
		fmt.Fprintln(p.to) // neither Ctrl-C nor Ctrl-D ends a line
	}
	if err == nil && line == "" {
		line = otherwise
	}
	return checked(what, line, err)
}

// secret asks for what nobody should see.
func (p *prompter) secret(ctx context.Context, what string) (string, error) {
	if p.terminal == nil {
		return p.ask(ctx, what, "")
	}
	fd := int(p.terminal.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", fmt.Errorf("ask for the %s: the terminal cannot be told not to show it", what)
	}
	line, err := p.read(ctx, what+" (not shown)", func() (string, error) { return hidden(p.terminal) })
	_ = term.Restore(fd, before) // also while somebody is still asked
	fmt.Fprintln(p.to)           // which was not shown either
	return checked(what, line, err)
}

// Keys that a terminal in raw mode hands over.
const (
	ctrlC     = 0x03
	ctrlD     = 0x04
	ctrlU     = 0x15
	backspace = 0x7f
)

// hidden reads a line from a terminal in raw mode, and not a byte more: what was
// pasted may go on. Ctrl-D ends the input, which term.ReadPassword does not notice.
func hidden(keys io.Reader) (string, error) {
	var line []byte
	for key := make([]byte, 1); ; {
		if _, err := io.ReadFull(keys, key); err != nil {
			return string(line), err
		}
		switch key[0] {
		case '\r', '\n':
			return string(line), nil
		case ctrlC:
			return "", errInterrupted
		case ctrlD:
			return string(line), io.EOF
		case ctrlU:
			line = nil
		case backspace, '\b':
			_, last := utf8.DecodeLastRune(line)
			line = line[:len(line)-last]
		default:
			line = append(line, key[0])
		}
	}
}

// read waits for a line as long as ctx lets it. Whoever reads then goes on until
// the program ends.
func (p *prompter) read(ctx context.Context, prompt string, read func() (string, error)) (string, error) {
	if ctx.Err() != nil {
		return "", errInterrupted
	}
	fmt.Fprintf(p.to, "%s: ", prompt)
	if p.terminal == nil {
		fmt.Fprintln(p.to)
	}
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		if r.err == io.EOF && r.line != "" {
			r.err = nil // a last line without its end
		}
		return strings.TrimSpace(r.line), r.err
	case <-ctx.Done():
		return "", errInterrupted
	}
}

// checked says what is wrong with what was read.
func checked(what, line string, err error) (string, error) {
	odd := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	switch {
	case errors.Is(err, errInterrupted):
		return "", err
	case errors.Is(err, io.EOF):
		return "", fmt.Errorf("the input ended before the %s", what)
	case err != nil:
		return "", fmt.Errorf("the %s cannot be read", what)
	case line == "":
		return "", fmt.Errorf("the %s is empty", what)
	case strings.ContainsFunc(line, odd):
		return "", fmt.Errorf("the %s has spaces or other odd letters inside: copy it once more", what)
	}
	return line, nil
}
