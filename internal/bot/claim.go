package bot

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crmwho/internal/store"
)

const (
	// claims is where they are in the store.
	claims = "answers/"
	// claimPoll is how often somebody looks whether another has finished.
	claimPoll = 5 * time.Second
	// closeTime bounds noting what became of an answer.
	closeTime = 5 * time.Second
)

// claimed is what the store knows of an answer.
type claimed struct {
	Done  bool      `json:"done"`  // it was sent, or cannot be
	Until time.Time `json:"until"` // nobody else sends it before that, by the computer's clock: others wait for it
	Uses  int       `json:"uses"`  // of its response URL, as many as there may have been
	Plain bool      `json:"plain"` // Slack refuses its blocks
	Lost  bool      `json:"lost"`  // a post got no reply: it may have arrived
	Nonce string    `json:"nonce"` // tells two claims apart that are alike
}

// claim is the right to send an answer.
type claim struct {
	claimed
	name, version string
	mayUse        int // how often, of the response URL
}

// errClaimed says that somebody else is still busy with the answer.
var errClaimed = errors.New("the answer is being sent by another")

// claim takes the right to answer a question, after waiting for whoever has it
// now. It gives nil when the question was answered.
func (b *Bot) claim(ctx context.Context, j job) (*claim, error) {
	q := j.Question
	c := &claim{name: claims + claimID(q)}
	for {
		before, err := c.read(ctx, b.Claims)
		if err != nil {
			return nil, err
		}
		if before.Done {
			b.log().InfoContext(ctx, "answered before")
			return nil, nil
		}
		if left := time.Until(before.Until); left > 0 {
			if !sleep(ctx, min(left, claimPoll)) {
				return nil, errClaimed
			}
			continue
		}
		before.Uses, before.Plain, before.Lost = max(before.Uses, j.Used), before.Plain || j.Plain, before.Lost || j.Lost
		c.mayUse = min(usesOfOne, replyURLUses-before.Uses)
		before.Uses, before.Until = before.Uses+c.mayUse, wallClock().Add(lease)
		err = c.write(ctx, b.Claims, before)
		if !errors.Is(err, store.ErrChanged) {
			return c, err
		}
	}
}

// claimID tells questions apart, in hexadecimal.
func claimID(q question) string {
	id := sha256.Sum256([]byte(q.Team + "/" + cmp.Or(q.ID, q.ReplyURL)))
	return hex.EncodeToString(id[:16])
}

func (c *claim) read(ctx context.Context, s store.Store) (before claimed, err error) {
	c.version, err = readClaim(ctx, s, c.name, &before)
	return before, err
}

func (c *claim) write(ctx context.Context, s store.Store, now claimed) error {
	now.Nonce = rand.Text()
	version, err := writeClaim(ctx, s, c.name, now, c.version)
	if err == nil {
		c.claimed, c.version = now, version
	}
	return err
}

// readClaim reads what the store knows into a value that is zero, and gives its
// version. The value stays zero where there is nothing, or something spoilt: that
// holds nobody back.
func readClaim[T any](ctx context.Context, s store.Store, name string, known *T) (version string, err error) {
	value, err := s.Read(ctx, name)
	if errors.Is(err, store.ErrNotExist) {
		return store.Absent, nil
	}
	if err != nil {
		return "", fmt.Errorf("read claim: %w", err)
	}
	var read T
	if json.Unmarshal(value.Data, &read) == nil {
		*known = read
	}
	return value.Version, nil
}

// writeClaim puts what is known now, with a nonce in it, in the place of what was
// read or written under that version. Otherwise the error is store.ErrChanged.
func writeClaim(ctx context.Context, s store.Store, name string, now any, version string) (string, error) {
	data, err := json.Marshal(now)
	if err != nil {
		return "", err
	}
	version, err = s.WriteIfUnchanged(ctx, name, data, version)
	if err != nil {
		return "", fmt.Errorf("write claim: %w", err)
	}
	return version, nil
}

// close notes that nobody has to send the answer any more. If that fails it may
// be sent once more, should its job be delivered again.
func (c *claim) close(ctx context.Context, b *Bot) {
	c.note(ctx, b, claimed{Done: true, Uses: c.Uses})
}

// release lets others send the answer at once, after what the replier met.
func (c *claim) release(ctx context.Context, b *Bot, r *replier, lost bool) {
	c.note(ctx, b, claimed{Uses: c.Uses - r.uses, Plain: r.plain, Lost: c.Lost || lost})
}

func (c *claim) note(ctx context.Context, b *Bot, now claimed) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := c.write(ctx, b.Claims, now); err != nil {
		b.log().WarnContext(ctx, "claim not noted", "err", err)
	}
}
