package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
)

// findingsShown prints findings for people.
type findingsShown struct {
	to    io.Writer
	next  string    // the step that was said last
	alike []finding // what was skipped for one reason, and is not printed yet
}

// show prints a finding, or keeps one that was skipped to see whether more of them
// follow. A step that was just said is not said again.
func (s *findingsShown) show(f finding) error {
	if len(s.alike) > 0 && s.alike[0].skippedLike(f) {
		s.alike = append(s.alike, f)
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	if f.Verdict == skipped {
		s.alike = []finding{f}
		return nil
	}
	return s.print(f)
}

// flush prints what was kept, in one line.
func (s *findingsShown) flush() error {
	if len(s.alike) == 0 {
		return nil
	}
	f := folded(s.alike)
	s.alike = nil
	return s.print(f)
}

func (s *findingsShown) print(f finding) error {
	switch {
	case f.Next != "" && f.Next == s.next:
		f.Next = "As above."
	case f.Next != "":
		s.next = f.Next
	}
	return unlessUnheard(f.write(s.to))
}

// unlessUnheard is an error of printing, unless nobody reads any more, as behind
// head: checks go on then, for the exit status.
func unlessUnheard(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// verdict is what a check comes to.
type verdict string

const (
	well    verdict = "ok"
	warning verdict = "warning" // something is lost, or will be
	failed  verdict = "failed"
	skipped verdict = "skipped" // it cannot be looked at as long as something before it is not well
)

// finding is what a check has found.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Says    string  `json:"says"`           // a sentence
	Next    string  `json:"next,omitempty"` // what to do, in whole sentences

	parts []string // of Says, where they are several things that are not well
}

// skippedLike reports whether two findings were skipped for one reason.
func (f finding) skippedLike(other finding) bool {
	return f.Verdict == skipped && other.Verdict == skipped && f.Says == other.Says && f.Next == other.Next
}

// folded is one finding for some that were skipped for one reason.
func folded(alike []finding) finding {
	f := alike[0]
	switch len(alike) {
	case 1:
		return f
	case 2:
		f.Check += ", " + alike[1].Check
	default:
		f.Check += fmt.Sprintf(" … and %d more", len(alike)-1)
	}
	f.Says = strings.NewReplacer("It is not asked", "They are not asked", "Whether it can be used is", "Whether they can be used is").Replace(f.Says)
	return f
}

var marks = map[verdict]string{well: "✓", warning: "!", failed: "✗", skipped: "-"}

// write prints it for people.
func (f finding) write(to io.Writer) error {
	step := ""
	if f.Next != "" {
		step = "    " + f.Next + "\n"
	}
	says := f.Says
	if len(f.parts) > 1 {
		says = strings.Join(f.parts, "\n"+strings.Repeat(" ", 20)) // what stands before the first
	}
	_, err := fmt.Fprintf(to, "%s %-16s  %s\n%s", marks[f.Verdict], f.Check, says, step)
	return err
}

// failures is an error if there are any.
func failures(findings []finding) error {
	var names []string
	for _, f := range findings {
		if f.Verdict == failed {
			names = append(names, f.Check)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d checks failed: %s", len(names), len(findings), strings.Join(names, ", "))
}

// fine is for checks that found nothing wrong.
func fine(format string, values ...any) (verdict, mistake) {
	return well, mistake{says: fmt.Sprintf(format, values...)}
}

// because is what an error comes to that is for people.
func because(err error) (verdict, mistake) {
	if m, ok := errors.AsType[mistake](err); ok {
		return failed, m
	}
	return failed, mistake{says: err.Error()} // somebody has interrupted it
}

// several is a verdict about things that are alike.
type several struct {
	verdict    verdict
	says, next []string
}

// severity is the order of verdicts.
var severity = []verdict{well, skipped, warning, failed}

// add takes what was found of one more. What is well is not told beside what is
// not, and nothing twice.
func (s *several) add(v verdict, m mistake) {
	switch {
	case v == well && s.verdict != well && s.verdict != "":
		return
	case v != well && s.verdict == well:
		s.says, s.next = nil, nil
	}
	if s.verdict == "" || slices.Index(severity, v) > slices.Index(severity, s.verdict) {
		s.verdict = v
	}
	if m.says = strings.TrimSuffix(m.says, "."); !slices.Contains(s.says, m.says) {
		s.says = append(s.says, m.says)
	}
	if m.next != "" && !slices.Contains(s.next, m.next) {
		s.next = append(s.next, m.next)
	}
}

// sum is the worst verdict, with all that is to be said: in a line for each thing
// that is not well.
func (s *several) sum() (verdict, mistake) {
	between := ".\n"
	if s.verdict == well {
		between = ". "
	}
	return s.verdict, mistake{strings.Join(s.says, between), strings.Join(s.next, " ")}
}

// skip says why a check was not made.
func skip(why string) (verdict, mistake) { return skipped, mistake{says: why} }
