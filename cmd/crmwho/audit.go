package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/local"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
)

func auditCommand() *cobra.Command {
	var at place
	var dryRun bool
	var file string
	c := &cobra.Command{
		Use:   "audit",
		Short: "Show what an audit of the admins would say, or export the records of audits",
		Long: `Audit reads everybody from Zoho CRM, compares the admins with those of the last
audits, and prints what the channel would get: the post, its thread, and the file
that is attached. It posts nothing and keeps nothing. What it prints names admins.

With --stack or --dir it reads your Zoho CRM, with the access token that is
stored there; without them it is Zoho's documented sample.

Audits are posted by their schedule, and when somebody types /crmadmins audit.`,
		Example: "  crmwho audit --dry-run\n  crmwho audit --dry-run --stack crmwho --csv admins.csv\n  crmwho audit export --stack crmwho",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !dryRun {
				return errors.New("give --dry-run to see an audit here: audits are posted by their schedule, and when somebody types /crmadmins audit in Slack")
			}
			if err := unused(file); err != nil {
				return err
			}
			p, err := preview(c.Context(), at, c.ErrOrStderr())
			if err == nil {
				err = printAudit(c.OutOrStdout(), p)
			}
			if err != nil || file == "" {
				return err
			}
			return writeNew(file, p.File)
		},
	}
	at.addFlags(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "post nothing and keep nothing")
	c.Flags().StringVar(&file, "csv", "", "write the attached file here too; a file that exists is left alone")
	anyFile(c, "csv")
	c.AddCommand(exportCommand(&at))
	return c
}

// readTime is what reading an organisation of fifty thousand people may take.
const readTime = 3 * time.Minute

// preview makes an audit of what is at a place, or of the sample.
func preview(ctx context.Context, at place, progress io.Writer) (bot.Preview, error) {
	reading, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	if at == (place{}) {
		sample, err := local.Start(reading, local.Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return bot.Preview{}, err
		}
		defer sample.Stop()
		return sample.PreviewAudit(reading)
	}
	b, err := at.openFor(reading, progress)
	if err != nil {
		return bot.Preview{}, err
	}
	auditor, err := b.auditor(reading)
	if err != nil {
		return bot.Preview{}, err
	}
	fmt.Fprintln(progress, "Reading everybody from Zoho CRM; a large organisation takes a minute.")
	p, err := auditor.PreviewAudit(reading)
	return p, b.noAudit(ctx, err)
}

// printAudit prints what the channel would get.
func printAudit(to io.Writer, p bot.Preview) error {
	before := ""
	for _, m := range []slackfmt.Message{p.Post, p.Changes, p.Table} {
		if m.Text == "" {
			continue
		}
		data, err := m.JSON()
		if err != nil {
			return err
		}
		fmt.Fprint(to, before)
		if err := show(to, data); err != nil {
			return err
		}
		if before == "" {
			fmt.Fprint(to, "\nIn its thread:")
		}
		before = "\n"
	}
	_, err := fmt.Fprintf(to, "\nAttached: %s, %d bytes\n", p.FileName, len(p.File))
	return err
}

// auditor is a bot that can do nothing but audit: it has no Slack, and the list
// of people that it reads ends with it.
func (b *backend) auditor(ctx context.Context) (*bot.Bot, error) {
	rules, err := b.rules()
	if err != nil {
		return nil, err
	}
	if err := b.checkToken(ctx); err != nil {
		return nil, err
	}
	records, err := b.records()
	if err != nil {
		return nil, err
	}
	if _, err := (audit.Ledger{Store: records}).Last(ctx); err != nil {
		return nil, b.unreadableRecords(ctx, err)
	}
	quiet := slog.New(slog.DiscardHandler)
	crm := b.crm((&token.Source{Store: b.store, Name: b.token, Log: quiet}).Token)
	return &bot.Bot{
		People: &directory.Directory{
			Read: crm.ReadUsers, Changed: crm.UsersModifiedSince, Roles: crm.Roles, Profiles: crm.Profiles, Org: crm.Org,
			Store: &store.Memory{}, Log: quiet,
		},
		Claims: records, Admins: rules, Log: quiet,
	}, nil
}

// checkToken says what to do where no access token works.
func (b *backend) checkToken(ctx context.Context) error {
	h, err := b.health(ctx)
	if err != nil {
		return cmp.Or(interrupted(ctx), err)
	}
	if reportOf(h, time.Now()).LifeLeft == 0 {
		return mistake{"There is no access token, or it has ended", b.another()}
	}
	return nil
}

// noAudit puts into words why there is none; nil where there is one.
func (b *backend) noAudit(ctx context.Context, err error) error {
	switch {
	case err == nil || interrupted(ctx) != nil:
		return interrupted(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return mistake{"Reading everybody took too long", "Look at Zoho's status page, and try again."}
	}
	return b.crmMistake(ofPeople[0], err, b.accounts())
}

// unreadableRecords says what to do about records that could not be read.
func (b *backend) unreadableRecords(ctx context.Context, err error) error {
	next := "Look at the folder's permissions."
	if b.outputs != nil {
		next = "Look whether these AWS credentials have s3:ListBucket on the bucket " + b.outputs[outStore] + ", and s3:GetObject on what is in it."
	}
	return cmp.Or[error](interrupted(ctx), mistake{"The records in " + b.where + " cannot be read: " + err.Error(), next})
}

// Of template.yaml, for audits.
const (
	outStore = "Store"

	paramAdminProfiles    = "AdminProfiles"
	paramAdminRoles       = "AdminRoles"
	paramAdminMarkedRoles = "AdminMarkedRoles"
	paramAdminDomains     = "AdminDomains"
	paramSharedMailboxes  = "SharedMailboxes"
	paramAdminFlagsOff    = "AdminFlagsOff"
)

// records is where the records of audits are.
func (b *backend) records() (store.Store, error) {
	if b.outputs == nil {
		return b.store, nil
	}
	if b.outputs[outStore] == "" {
		return nil, b.oldStack(outStore)
	}
	bounded := func(o *s3.Options) { o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(callTime) }
	return awsstore.Bucket{Client: s3.NewFromConfig(b.cfg, bounded), Name: b.outputs[outStore]}, nil
}

// rules are those of the stack; in a folder nobody has set any.
func (b *backend) rules() (audit.Rules, error) {
	off, err := audit.ParseFlags(b.parameters[paramAdminFlagsOff])
	if err != nil {
		return audit.Rules{}, fmt.Errorf("the stack's parameter %s: %w", paramAdminFlagsOff, err)
	}
	return audit.Rules{
		Profiles:     listed(b.parameters[paramAdminProfiles]),
		Roles:        listed(b.parameters[paramAdminRoles]),
		Domains:      listed(b.parameters[paramAdminDomains]),
		Mailboxes:    listed(b.parameters[paramSharedMailboxes]),
		NoAdminRoles: b.parameters[paramAdminMarkedRoles] == "no",
		Off:          off,
	}, nil
}

// listed are the parts of a text with commas between them; nil for none.
func listed(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func exportCommand(at *place) *cobra.Command {
	var format, out string
	var heads []string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the records of all audits, and verify them",
		Long: `Export writes what is kept of all audits: each post, each failure and each
signature, and as JSON the lists of admins as well. It verifies that nothing was
changed, taken out or put in since it was written, and names what was.

Records whose chain was cut off, or written anew from some point on, fit each
other. That can only be told by hashes that were noted elsewhere: each audit and
each signature in Slack shows one. Give some of them with --head.

Its exit status is 1 when anything is wrong; the records are written all the same.`,
		Example: "  crmwho audit export --stack crmwho --out audits.json\n  crmwho audit export --format csv --out audits.csv\n  crmwho audit export --head 5f2c…",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "json" && format != "csv" {
				return errors.New("--format takes json or csv")
			}
			for _, head := range heads {
				if !recordHash.MatchString(strings.TrimSpace(head)) {
					return fmt.Errorf("--head takes all 64 characters of a hash, as it stands in the thread of an audit in Slack, not %q", head)
				}
			}
			if err := unused(out); err != nil {
				return err
			}
			e, err := evidence(c.Context(), *at, c.ErrOrStderr())
			if err != nil {
				return err
			}
			x := e.Export(heads...)
			if err := writeExport(c.OutOrStdout(), out, format, e, x); err != nil {
				return err
			}
			return verdictOn(c.ErrOrStderr(), x)
		},
	}
	c.Flags().StringVar(&format, "format", "json", "json, or csv with a row for each record")
	c.Flags().StringVar(&out, "out", "", "file to write to; one that exists is left alone. Without it standard output")
	c.Flags().StringArrayVar(&heads, "head", nil, "hash that a record must have, as Slack shows it; can be given several times")
	oneOf(c, "format", "json", "csv")
	anyFile(c, "out")
	return c
}

// recordHash is what the hash of a record looks like.
var recordHash = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// evidence reads all records, and tells a terminal how far it is.
func evidence(ctx context.Context, at place, to io.Writer) (audit.Evidence, error) {
	b, err := at.openFor(ctx, to)
	if err != nil {
		return audit.Evidence{}, err
	}
	records, err := b.records()
	if err != nil {
		return audit.Evidence{}, err
	}
	listed := working(to, "Listing the records of audits")
	defer listed()
	var progress func(done, all int)
	if isTerminal(to) {
		progress = func(done, all int) {
			listed()
			fmt.Fprintf(to, "\r%d of %d read", done, all)
		}
		defer fmt.Fprint(to, clearLine)
	}
	e, err := audit.Ledger{Store: records}.Evidence(ctx, progress)
	if err != nil {
		return e, b.unreadableRecords(ctx, err)
	}
	return e, nil
}

// writeExport writes to a file, or where there is none to stdout.
func writeExport(stdout io.Writer, file, format string, e audit.Evidence, x audit.Export) error {
	var text bytes.Buffer
	write := func() error { return writeJSON(&text, x) }
	if format == "csv" {
		write = func() error { return e.WriteCSV(&text) }
	}
	if err := write(); err != nil {
		return err
	}
	if file != "" {
		return writeNew(file, text.Bytes())
	}
	_, err := stdout.Write(text.Bytes())
	return err
}

// verdictOn says whether records are as they were written.
func verdictOn(to io.Writer, x audit.Export) error {
	for _, p := range x.Problems {
		fmt.Fprintln(to, p.What)
	}
	switch n := len(x.Records); {
	case !x.Verified:
		return fmt.Errorf("the records are not as they were written; problems: %d", len(x.Problems))
	case n == 0:
		fmt.Fprintln(to, "There are no records of audits there.")
	default:
		fmt.Fprintf(to, "Records: %d, and their chain is whole. The last one has the hash %s: compare it with what the last audit or signature shows in Slack.\n", n, x.Head)
	}
	return nil
}

// unused says that a file exists, before anything is read for it.
func unused(name string) error {
	if _, err := os.Lstat(name); name == "" || err != nil {
		return nil // what else is wrong with it, writing tells
	}
	return fmt.Errorf("%s exists: give the name of a new file", name)
}

// writeNew writes a file that must not exist, for this user alone: it holds
// personal data.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
