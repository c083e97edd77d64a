package audit

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// WriteCSV writes the administrators of a snapshot, and behind them those who are
// none any more, for a spreadsheet: UTF-8 with a byte order mark, rows as RFC 4180
// has them, times in UTC. Hash is that of the snapshot. A cell that a spreadsheet
// would take for a formula begins with an apostrophe.
func WriteCSV(to io.Writer, s Snapshot, hash string, shown Shown) error {
	return writeRows(to, table(s, hash, shown))
}

func writeRows(to io.Writer, rows [][]string) error {
	if _, err := io.WriteString(to, "\ufeff"); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	w := csv.NewWriter(to)
	w.UseCRLF = true
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := w.Write(row); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	if w.Flush(); w.Error() != nil {
		return fmt.Errorf("write CSV: %w", w.Error())
	}
	return nil
}

func table(s Snapshot, hash string, shown Shown) [][]string {
	rows := [][]string{{
		"User id", "Name", "E-mail", "Status", "Confirmed", "Profile", "Role", "Counts by", "Flags",
		"Created", "Last modified", "Last modified by", "Since last signed", "Since last post", "Snapshot SHA-256",
	}}
	signed, posted := shown.SinceSigned.byID(), shown.SincePosted.byID()
	add := func(a Account, confirmed string) {
		rows = append(rows, []string{
			a.ID, a.Name, a.Email, a.Status, confirmed, a.Profile.called(), a.Role.called(), words(a.Rules, Rule.Words), words(a.Flags, Flag.Label),
			written(a.Created), written(a.Modified), a.ModifiedBy.called(), signed[a.ID].words(), posted[a.ID].words(), hash,
		})
	}
	for _, a := range s.Admins {
		add(a, yesNo[a.confirmation()])
	}
	told := map[string]bool{}
	for _, since := range []*Since{shown.SinceSigned, shown.SincePosted} {
		for _, c := range since.removed() {
			if !told[c.ID] {
				add(c.former())
			}
			told[c.ID] = true
		}
	}
	return rows
}

var yesNo = map[string]string{confirmed: "yes", unconfirmed: "no"}

// former is what is known of an account that is no administrator's any more.
func (c Change) former() (a Account, confirmed string) {
	now := map[string]string{}
	if c.Fate == Erased {
		now[FieldStatus] = "deleted"
	}
	for _, f := range c.Fields {
		now[f.Name] = f.After
	}
	return Account{
		ID: c.ID, Name: c.Name, Email: c.Email, Status: now[FieldStatus], Modified: c.Modified, ModifiedBy: c.ModifiedBy,
		Profile: Ref{Name: now[FieldProfile]}, Role: Ref{Name: now[FieldRole]},
	}, yesNo[now[FieldConfirmation]]
}

// byID gives the changes by the ids of accounts; none of nil.
func (s *Since) byID() map[string]Change {
	changes := map[string]Change{}
	if s != nil {
		for _, c := range s.Changes {
			changes[c.ID] = c
		}
	}
	return changes
}

func (s *Since) removed() []Change {
	var removed []Change
	if s != nil {
		for _, c := range s.Changes {
			if c.Kind == Removed {
				removed = append(removed, c)
			}
		}
	}
	return removed
}

// words says a change in words; empty for none.
func (c Change) words() string {
	said := words(c.Fields, Field.String)
	what := string(c.Kind)
	switch c.Kind {
	case Changed:
		return said
	case Added:
		if c.New {
			what += ": new account"
		}
	case Removed:
		what += ": " + string(c.Fate)
	case Recreated:
		what += fmt.Sprintf(": same %s as account %s, which is %s", c.Alike, c.FormerID, c.Fate)
	}
	if said != "" {
		what += "; " + said
	}
	return what
}

func words[T any](all []T, word func(T) string) string {
	var said []string
	for _, one := range all {
		said = append(said, word(one))
	}
	return strings.Join(said, "; ")
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t).Format(time.RFC3339)
}

// harmless gives a cell without control characters that no spreadsheet takes for a
// formula: neither it, nor a part of it where semicolons stand between cells.
func harmless(cell string) string {
	cell = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, cell)
	parts := strings.Split(cell, ";")
	for i, part := range parts {
		if isFormula(part) {
			parts[i] = "'" + part
		}
	}
	return strings.Join(parts, ";")
}

// isFormula reports whether a text begins with the sign of a formula, after blanks
// and what cannot be seen, in whatever width.
func isFormula(text string) bool {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.In(r, unicode.White_Space, unicode.Cf) })
	for _, r := range text {
		return strings.ContainsAny(norm.NFKC.String(string(r)), "=+-@")
	}
	return false
}
